import { messageOf } from "@skiff/base";
import {
  groupResource,
  parseApiVersion,
  type APIResourceList,
  type CrossVersionObjectReference,
  type KubeObject,
  type Resource,
  type Scale,
} from "@skiff/api";
import type { Client } from "@skiff/client";

/** A target with its scale as it was read, for writing it back. */
export interface ScaleTarget {
  readonly resource: Resource;
  readonly scale: Scale;
}

/** Reads and writes the scale of any kind that has one, custom kinds included. */
export class ScaleTargets {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Errors: an `Error` in upstream's words when the kind is not known or has no scale, or the object is not there. */
  async read(namespace: string, reference: CrossVersionObjectReference): Promise<ScaleTarget> {
    const resource = await this.resourceOf(reference);
    try {
      const scale = (await this.#client
        .resource<KubeObject>(resource)
        .get({ namespace, name: reference.name }, { subresource: "scale" })) as unknown as Scale;
      return { resource, scale };
    } catch (error) {
      throw new Error(messageOf(error), { cause: error });
    }
  }

  /** Sets the size. Rejects when somebody else changed the target meanwhile. */
  async write({ resource, scale }: ScaleTarget, replicas: number): Promise<void> {
    const body = { ...scale, spec: { ...scale.spec, replicas } };
    await this.#client.resource<KubeObject>(resource).update(body as KubeObject, { subresource: "scale" });
  }

  /** The resource of the kind that a reference names. */
  async resourceOf({ apiVersion = "v1", kind }: CrossVersionObjectReference): Promise<Resource> {
    const { group, version } = parseApiVersion(apiVersion);
    const unknown = `unable to determine resource for scale target reference: no matches for kind "${kind}" in group "${group}"`;
    let list: APIResourceList;
    try {
      list = (await this.#client.raw({
        method: "GET",
        path: group === "" ? `/api/${version}` : `/apis/${group}/${version}`,
      })) as APIResourceList;
    } catch (error) {
      throw new Error(unknown, { cause: error });
    }
    const found = list.resources.find((each) => each.kind === kind && !each.name.includes("/"));
    if (found === undefined) throw new Error(unknown);
    return { group, version, kind, plural: found.name, namespaced: found.namespaced };
  }

  /** Its name with the group: `ingresses.networking.k8s.io`. */
  async resourceNameOf(reference: CrossVersionObjectReference): Promise<string> {
    return groupResource(await this.resourceOf(reference));
  }
}
