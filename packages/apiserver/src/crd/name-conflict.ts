import { isConditionTrue, type CustomResourceDefinition, type CustomResourceDefinitionNames, type KindDefinition } from "@skiff/api";

/** The names that are taken in a group. */
interface Taken {
  /** Plurals, singulars and short names: what clients may call the resource. */
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

type Names = Pick<Partial<CustomResourceDefinitionNames>, "plural" | "singular" | "kind" | "listKind"> & {
  readonly shortNames?: readonly string[];
};

/** Why not all names of a definition are free, as the reason and message of its condition; `undefined` when they are. */
export function nameConflict(
  definition: CustomResourceDefinition,
  definitions: readonly CustomResourceDefinition[],
  served: readonly KindDefinition[],
): { readonly reason: string; readonly message: string } | undefined {
  const { names } = definition.spec;
  const { resources, kinds } = takenBy(definition, definitions, served);
  const checks: [reason: string, taken: ReadonlySet<string>, wanted: readonly (string | undefined)[]][] = [
    ["PluralConflict", resources, [names.plural]],
    ["SingularConflict", resources, [names.singular]],
    ["ShortNamesConflict", resources, names.shortNames ?? []],
    ["KindConflict", kinds, [names.kind]],
    ["ListKindConflict", kinds, [names.listKind]],
  ];
  // Of several conflicts upstream tells the last one.
  for (const [reason, taken, wanted] of checks.toReversed()) {
    const name = wanted.find((each) => each !== undefined && taken.has(each));
    if (name !== undefined) return { reason, message: `${JSON.stringify(name)} is already in use` };
  }
  return undefined;
}

function takenBy(
  definition: CustomResourceDefinition,
  definitions: readonly CustomResourceDefinition[],
  served: readonly KindDefinition[],
): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  const take = ({ plural, singular, shortNames, kind, listKind }: Names): void => {
    for (const name of [plural, singular, ...(shortNames ?? [])]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  };
  for (const kind of served) if (kind.group === definition.spec.group) take(kind);
  for (const other of definitions) {
    const isOther = other.metadata?.uid !== definition.metadata?.uid && other.spec.group === definition.spec.group;
    if (isOther && isConditionTrue(other.status?.conditions, "NamesAccepted")) take(other.status?.acceptedNames ?? {});
  }
  return { resources, kinds };
}
