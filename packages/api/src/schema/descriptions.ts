/** The documentation of one definition: its own, and that of its fields. */
export interface Description {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Documentation by the names of definitions. */
export type Descriptions = Readonly<Record<string, Description>>;

let loading: Promise<Descriptions> | undefined;

/** The documentation of the built-in kinds. It is large and only documents need it, so it is loaded when first asked for. */
export function loadDescriptions(): Promise<Descriptions> {
  loading ??= import("../generated/descriptions.ts").then((module) => JSON.parse(module.DESCRIPTIONS) as Descriptions);
  return loading;
}
