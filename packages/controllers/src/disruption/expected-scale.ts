import {
  deploymentKind,
  isStatus,
  replicaSetKind,
  replicationControllerKind,
  statefulSetKind,
  type KubeObject,
  type OwnerReference,
  type Pod,
  type Resource,
  type Scale,
} from "@skiff/api";
import { discoverResources, type Informer } from "@skiff/client";
import { controllerOf, readsFrom, refersTo, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";

/** How many Pods the owners of some Pods want together. */
export interface ExpectedScale {
  readonly expected: number;
  /** How many of the Pods have no managing owner; they are not in `expected`. */
  readonly unmanaged: number;
}

/** The size that an owner asks for. */
interface OwnerScale {
  readonly uid: string;
  readonly replicas: number;
}

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number };
}

/** Finds out how many Pods are wanted by whoever manages them: the kinds of Kubernetes, and all that have a scale subresource. */
export class ExpectedScales {
  readonly sources: readonly Source[];
  readonly #client: ControllerContext["client"];
  readonly #known: readonly { readonly resource: Resource; readonly informer: Informer<Scalable> }[];
  readonly #deployments: Informer<Scalable>;
  /** Resources of other kinds by group and kind; as many as there are kinds that own Pods under a budget. */
  readonly #discovered = new Map<string, Resource<KubeObject>>();

  constructor({ client, informers }: Pick<ControllerContext, "client" | "informers">) {
    this.#client = client;
    this.#deployments = informers.informer<Scalable>(deploymentKind as Resource<Scalable>);
    this.#known = [replicaSetKind, replicationControllerKind, statefulSetKind].map((resource) => ({
      resource: resource as Resource,
      informer: informers.informer<Scalable>(resource as Resource<Scalable>),
    }));
    this.sources = [readsFrom(this.#deployments), ...this.#known.map(({ informer }) => readsFrom(informer))];
  }

  /** Errors: rejects when an owner cannot be found or has no scale. */
  async of(pods: readonly Pod[]): Promise<ExpectedScale> {
    const scales = new Map<string, OwnerScale>();
    const replicasByUid = new Map<string, number>();
    let unmanaged = 0;
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (owner === undefined) {
        unmanaged++;
        continue;
      }
      let scale = scales.get(owner.uid);
      if (scale === undefined) scales.set(owner.uid, (scale = await this.#scaleOf(pod, owner)));
      replicasByUid.set(scale.uid, scale.replicas);
    }
    let expected = 0;
    for (const replicas of replicasByUid.values()) expected += replicas;
    return { expected, unmanaged };
  }

  async #scaleOf(pod: Pod, owner: OwnerReference): Promise<OwnerScale> {
    const { namespace, name } = pod.metadata ?? {};
    const known = this.#known.find(({ resource }) => refersTo(owner, resource));
    if (known === undefined) return this.#scaleSubresource(namespace, owner);
    const object = known.informer.get(`${namespace}/${owner.name}`);
    if (object?.metadata?.uid !== owner.uid) throw new Error(`found no controllers for pod "${name}"`);
    const parent = controllerOf(object);
    if (!refersTo(parent, deploymentKind)) return { uid: owner.uid, replicas: object.spec?.replicas ?? 0 };
    // While a Deployment replaces one ReplicaSet by another the sum of both is more than what is wanted.
    const deployment = this.#deployments.get(`${namespace}/${parent?.name}`);
    if (deployment === undefined || deployment.metadata?.uid !== parent?.uid) throw new Error(`found no controllers for pod "${name}"`);
    return { uid: parent?.uid ?? "", replicas: deployment.spec?.replicas ?? 0 };
  }

  async #scaleSubresource(namespace: string | undefined, owner: OwnerReference): Promise<OwnerScale> {
    const resource = await this.#discover(owner);
    try {
      const answer = await this.#client.resource(resource).get({ namespace, name: owner.name }, { subresource: "scale" });
      const { metadata, spec } = answer as Scale;
      if (metadata?.uid !== owner.uid) throw new Error(`${owner.kind} ${namespace}/${owner.name} is not the owner any more`);
      return { uid: owner.uid, replicas: spec?.replicas ?? 0 };
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
      const described = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
      throw new Error(`${described} does not implement the scale subresource`, { cause: error });
    }
  }

  async #discover(owner: OwnerReference): Promise<Resource<KubeObject>> {
    const key = `${owner.apiVersion} ${owner.kind}`;
    const known = this.#discovered.get(key);
    if (known !== undefined) return known;
    const { resources } = await discoverResources(this.#client);
    const found = resources.find((resource) => refersTo(owner, resource));
    if (found === undefined) throw new Error(`no matches for kind "${owner.kind}" in version "${owner.apiVersion}"`);
    this.#discovered.set(key, found);
    return found;
  }
}
