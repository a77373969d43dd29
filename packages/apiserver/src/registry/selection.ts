import type { StoredObject } from "./stored-object.ts";

/** Which objects of a kind a list or watch is about. */
export interface Selection {
  /** Empty: all namespaces. */
  readonly namespace: string;
  /** An equality that every selected object fulfils, so that indexes can be used. Implied by `selects`. */
  readonly indexed: { readonly field: string; readonly value: string } | undefined;
  /** Labels and fields, not the namespace; absent: everything. */
  readonly selects: ((stored: StoredObject) => boolean) | undefined;
}

/** All objects of a kind. */
export const EVERYTHING: Selection = { namespace: "", indexed: undefined, selects: undefined };
