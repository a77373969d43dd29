import type { KubeObject } from "@skiff/api";

/** The objects that share one index value. The array is built when first asked for and dropped on change. */
class Bucket<T> {
  readonly #objects = new Map<string, T>();
  #array: readonly T[] | undefined;

  get size(): number {
    return this.#objects.size;
  }

  get array(): readonly T[] {
    return (this.#array ??= [...this.#objects.values()]);
  }

  set(key: string, object: T): void {
    this.#objects.set(key, object);
    this.#array = undefined;
  }

  delete(key: string): void {
    this.#objects.delete(key);
    this.#array = undefined;
  }
}

interface Index<T> {
  readonly values: (object: T) => readonly string[];
  readonly buckets: Map<string, Bucket<T>>;
}

const EMPTY: readonly never[] = [];

/**
 * The objects of an informer with their indexes. Reading an index bucket costs nothing when it has not changed since
 * it was last read; writing costs the number of index values of the object.
 */
export class InformerCache<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #namespaces: Index<T> = { values: (object) => [object.metadata?.namespace ?? ""], buckets: new Map() };
  #array: readonly T[] | undefined;

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  get size(): number {
    return this.#objects.size;
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  entries(): IterableIterator<[string, T]> {
    return this.#objects.entries();
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return this.#namespaces.buckets.get(namespace)?.array ?? EMPTY;
    return (this.#array ??= [...this.#objects.values()]);
  }

  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`the informer has no index "${name}"`);
    return index.buckets.get(value)?.array ?? EMPTY;
  }

  addIndex(name: string, values: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) return;
    const index: Index<T> = { values, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) insert(index, key, object);
  }

  /** Puts `object` in and answers the one that it replaced. */
  set(key: string, object: T): T | undefined {
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#array = undefined;
    for (const index of this.#allIndexes()) {
      if (previous !== undefined) remove(index, key, previous);
      insert(index, key, object);
    }
    return previous;
  }

  /** Takes the object out and answers it. */
  delete(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    this.#array = undefined;
    for (const index of this.#allIndexes()) remove(index, key, previous);
    return previous;
  }

  *#allIndexes(): Iterable<Index<T>> {
    yield this.#namespaces;
    yield* this.#indexes.values();
  }
}

function insert<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    let bucket = index.buckets.get(value);
    if (bucket === undefined) index.buckets.set(value, (bucket = new Bucket()));
    bucket.set(key, object);
  }
}

function remove<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    const bucket = index.buckets.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) index.buckets.delete(value);
  }
}
