import type { ConfigMap, KubeObject, Node, Pod, Secret, Service } from "@skiff/api";
import type { Informer } from "@skiff/client";

/** Where the kubelet reads objects of the API. In one process with many kubelets they share informers. */
export interface KubeletSources {
  /** The Pods of this node, and possibly others, which are passed over. */
  readonly pods: Pick<Informer<Pod>, "onChange" | "synced">;
  /** All Services, for environment variables. */
  readonly services: Pick<Informer<Service>, "list" | "synced">;
  /** At least this node. */
  readonly nodes: Pick<Informer<Node>, "get" | "onChange">;
  readonly configMaps: ReferencedObjects<ConfigMap>;
  readonly secrets: ReferencedObjects<Secret>;
}

/**
 * Objects that Pods of this node refer to, by key (`namespace/name`).
 *
 * A node may read only what its Pods need, so there is no list: holders say what they refer to.
 */
export interface ReferencedObjects<T extends KubeObject> {
  /** Replaces what `holder` (a Pod's UID) refers to; an empty list lets go of everything. */
  hold(holder: string, keys: readonly string[]): void;
  /** The object, undefined when there is none. Rejects when the API was not reached. */
  get(key: string): Promise<T | undefined>;
  /** Calls back with the key of every held object that changed. Answers how to stop. */
  onChange(handler: (key: string) => void): () => void;
}

/** Referenced objects out of an informer that holds them all: for simulated nodes, and where the node may list them. */
export function fromInformer<T extends KubeObject>(informer: Informer<T>): ReferencedObjects<T> {
  return {
    hold: () => {},
    get: async (key) => {
      await informer.synced();
      return informer.get(key);
    },
    onChange: (handler) => informer.onChange(({ key, type }) => type !== "added" && handler(key)),
  };
}
