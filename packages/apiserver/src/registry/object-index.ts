import { selectedField, type KindDefinition } from "@skiff/api";
import { objectPath } from "./store-keys.ts";
import type { Selection } from "./selection.ts";
import type { StoredObject } from "./stored-object.ts";

interface NamespaceBucket {
  readonly objects: Map<string, StoredObject>;
  /** Names in the store's order; dropped when one comes or goes, and made again by the next list. */
  sortedNames: string[] | undefined;
}

/** The newest state of all objects of one kind, in the store's key order, with indexes by namespace and by field. */
export class ObjectIndex {
  readonly #kind: KindDefinition;
  readonly #namespaces = new Map<string, NamespaceBucket>();
  #sortedNamespaces: string[] | undefined;
  #size = 0;
  /** By field, then value, then path. A field is indexed once a list has asked for it. */
  readonly #fields = new Map<string, Map<string, Map<string, StoredObject>>>();

  constructor(kind: KindDefinition) {
    this.#kind = kind;
  }

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.#namespaces.get(namespace)?.objects.get(name);
  }

  set(stored: StoredObject): void {
    let bucket = this.#namespaces.get(stored.namespace);
    if (bucket === undefined) {
      bucket = { objects: new Map<string, StoredObject>(), sortedNames: undefined };
      this.#namespaces.set(stored.namespace, bucket);
      this.#sortedNamespaces = undefined;
    }
    const previous = bucket.objects.get(stored.name);
    bucket.objects.set(stored.name, stored);
    if (previous === undefined) {
      bucket.sortedNames = undefined;
      this.#size++;
    }
    this.#reindex(previous, stored);
  }

  delete(namespace: string, name: string): void {
    const bucket = this.#namespaces.get(namespace);
    const previous = bucket?.objects.get(name);
    if (bucket === undefined || previous === undefined) return;
    bucket.objects.delete(name);
    bucket.sortedNames = undefined;
    this.#size--;
    if (bucket.objects.size === 0) {
      this.#namespaces.delete(namespace);
      this.#sortedNamespaces = undefined;
    }
    this.#reindex(previous, undefined);
  }

  clear(): void {
    this.#namespaces.clear();
    this.#sortedNamespaces = undefined;
    this.#size = 0;
    this.#fields.clear();
  }

  /** Everything selected, in the store's key order. */
  *select(selection: Selection): IterableIterator<StoredObject> {
    for (const stored of this.#candidates(selection)) {
      if (selection.selects === undefined || selection.selects(stored)) yield stored;
    }
  }

  #candidates(selection: Selection): Iterable<StoredObject> {
    const { indexed, namespace } = selection;
    if (indexed === undefined) return this.#inOrder(namespace);
    if (indexed.field === "metadata.name" && (namespace !== "" || !this.#kind.namespaced)) {
      const stored = this.get(namespace, indexed.value);
      return stored === undefined ? [] : [stored];
    }
    const matches = this.#fieldIndex(indexed.field).get(indexed.value);
    if (matches === undefined) return [];
    const paths = [...matches.keys()].sort();
    const inOrder = paths.map((path) => matches.get(path)).filter((stored) => stored !== undefined);
    return namespace === "" ? inOrder : inOrder.filter((stored) => stored.namespace === namespace);
  }

  *#inOrder(namespace: string): IterableIterator<StoredObject> {
    if (namespace === "" && this.#kind.namespaced) {
      // The separator takes part in the order: "a-b/…" is before "a/…".
      this.#sortedNamespaces ??= [...this.#namespaces.keys()].sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
      for (const each of this.#sortedNamespaces) yield* this.#inOrder(each);
      return;
    }
    const bucket = this.#namespaces.get(namespace);
    if (bucket === undefined) return;
    bucket.sortedNames ??= [...bucket.objects.keys()].sort();
    for (const name of bucket.sortedNames) {
      const stored = bucket.objects.get(name);
      if (stored !== undefined) yield stored;
    }
  }

  #fieldIndex(field: string): Map<string, Map<string, StoredObject>> {
    let index = this.#fields.get(field);
    if (index === undefined) {
      index = new Map<string, Map<string, StoredObject>>();
      this.#fields.set(field, index);
      for (const bucket of this.#namespaces.values()) for (const stored of bucket.objects.values()) this.#addTo(index, field, stored);
    }
    return index;
  }

  #reindex(previous: StoredObject | undefined, current: StoredObject | undefined): void {
    for (const [field, index] of this.#fields) {
      if (previous !== undefined) {
        const value = selectedField(this.#kind, previous.object, field);
        const matches = index.get(value);
        matches?.delete(objectPath(previous.namespace, previous.name));
        if (matches?.size === 0) index.delete(value);
      }
      if (current !== undefined) this.#addTo(index, field, current);
    }
  }

  #addTo(index: Map<string, Map<string, StoredObject>>, field: string, stored: StoredObject): void {
    const value = selectedField(this.#kind, stored.object, field);
    let matches = index.get(value);
    if (matches === undefined) index.set(value, (matches = new Map<string, StoredObject>()));
    matches.set(objectPath(stored.namespace, stored.name), stored);
  }
}
