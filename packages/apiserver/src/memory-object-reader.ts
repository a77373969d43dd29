import { deepFreeze } from "@skiff/base";
import type { KubeObject, Resource } from "@skiff/api";
import type { ObjectReader } from "./object-reader.ts";

/** Objects in memory, for tests of what reads through an {@link ObjectReader}. */
export class MemoryObjectReader implements ObjectReader {
  readonly #objects = new Map<string, Map<string, KubeObject>>();

  /** Adds or replaces an object. */
  put<T extends KubeObject>(resource: Resource<T>, object: T): this {
    const { namespace = "", name = "" } = object.metadata ?? {};
    this.#of(resource).set(`${namespace}/${name}`, deepFreeze(structuredClone(object)));
    return this;
  }

  remove(resource: Resource, namespace: string | undefined, name: string): this {
    this.#of(resource).delete(`${namespace ?? ""}/${name}`);
    return this;
  }

  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined {
    return this.#of(resource).get(`${namespace ?? ""}/${name}`) as T | undefined;
  }

  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): readonly T[] {
    const all = [...this.#of(resource).values()] as T[];
    return namespace === undefined ? all : all.filter((object) => object.metadata?.namespace === namespace);
  }

  #of(resource: Resource): Map<string, KubeObject> {
    const key = `${resource.group}/${resource.plural}`;
    let objects = this.#objects.get(key);
    if (objects === undefined) this.#objects.set(key, (objects = new Map<string, KubeObject>()));
    return objects;
  }
}
