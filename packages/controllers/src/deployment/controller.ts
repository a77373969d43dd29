import { messageOf } from "@skiff/base";
import { deploymentKind, isStatus, podKind, replicaSetKind, type Deployment, type Pod, type ReplicaSet } from "@skiff/api";
import type { Informer, InformerChange } from "@skiff/client";
import {
  adoptersWithLabelSelector,
  changesOf,
  ControlledObjects,
  controllerOf,
  labelMatcher,
  objectsOf,
  ownerKeys,
  performClaims,
  planClaims,
  refersTo,
  type Controller,
  type Outcome,
  type Source,
} from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating } from "../pods/pod-writer.ts";
import { hasProgressDeadline, progressing, setCondition } from "./deployment-status.ts";
import { planDeployment, type DeploymentPlan, type ObservedDeployment, type ReplicaSetChange } from "./plan.ts";
import { findNewReplicaSet, REVISION } from "./revision.ts";
import { sizeOf } from "./scaling.ts";

/** Rolls Deployments out by scaling ReplicaSets up and down. */
export function createDeploymentController(context: ControllerContext): Controller<unknown, unknown> {
  return new DeploymentController(context);
}

class DeploymentController implements Controller<ObservedDeployment, DeploymentPlan> {
  readonly name = "deployment-controller";
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #deployments: Informer<Deployment>;
  readonly #replicaSets: ControlledObjects<ReplicaSet>;
  readonly #pods: ControlledObjects<Pod>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#deployments = context.informers.informer(deploymentKind);
    this.#replicaSets = new ControlledObjects(context.informers.informer(replicaSetKind));
    this.#pods = new ControlledObjects(context.informers.informer(podKind));
    const adopters = adoptersWithLabelSelector(this.#deployments);
    this.sources = [
      objectsOf(this.#deployments),
      changesOf(this.#replicaSets.informer, (change) => ownerKeys(change, deploymentKind, adopters)),
      changesOf(this.#pods.informer, (change) => this.#recreatesAfter(change)),
    ];
  }

  observe(key: string): ObservedDeployment | undefined {
    const deployment = this.#deployments.get(key);
    if (deployment === undefined) return undefined;
    const claims = planClaims(deployment, labelMatcher(deployment.spec?.selector), this.#replicaSets);
    return { deployment, claims, podsOf: (replicaSet) => this.#pods.of(replicaSet.metadata?.uid ?? "") };
  }

  plan(observed: ObservedDeployment, nowMs: number): DeploymentPlan {
    return planDeployment(observed, nowMs);
  }

  async perform(plan: DeploymentPlan, observed: ObservedDeployment): Promise<Outcome> {
    const { client } = this.#context;
    let { deployment } = observed;
    await performClaims(observed.claims, { client, ownerResource: deploymentKind, owner: deployment, resource: replicaSetKind });
    if (plan.create !== undefined) await this.#create(plan.create, deployment);
    for (const change of plan.change) await this.#change(change, deployment);
    await Promise.all(plan.delete.map((replicaSet) => this.#delete(replicaSet)));
    if (plan.revision !== undefined) {
      const annotations = { ...deployment.metadata?.annotations, [REVISION]: plan.revision };
      deployment = await client.resource(deploymentKind).update({ ...deployment, metadata: { ...deployment.metadata, annotations } });
    }
    if (plan.status !== undefined) await client.resource(deploymentKind).updateStatus({ ...deployment, status: plan.status });
    return { requeueAfterMs: plan.requeueAfterMs };
  }

  /** With the Recreate strategy the end of the last old Pod is what a roll-out waits for. */
  *#recreatesAfter({ type, object, key }: InformerChange<Pod>): Iterable<string> {
    const reference = type === "deleted" ? controllerOf(object) : undefined;
    if (!refersTo(reference, replicaSetKind)) return;
    const namespace = key.slice(0, key.indexOf("/"));
    const replicaSet = this.#replicaSets.informer.get(`${namespace}/${reference?.name}`);
    const owner = replicaSet && controllerOf(replicaSet);
    if (!refersTo(owner, deploymentKind)) return;
    const deployment = this.#deployments.get(`${namespace}/${owner?.name}`);
    if (deployment?.spec?.strategy?.type === "Recreate") yield `${namespace}/${owner?.name}`;
  }

  async #create(replicaSet: ReplicaSet, deployment: Deployment): Promise<void> {
    const { name = "" } = replicaSet.metadata ?? {};
    try {
      await this.#context.client.resource(replicaSetKind).create(replicaSet);
    } catch (error) {
      if (isStatus(error, "AlreadyExists")) return this.#onNameTaken(name, deployment);
      if (isNamespaceTerminating(error)) return;
      await this.#reportFailure(`Failed to create new replica set ${JSON.stringify(name)}: ${messageOf(error)}`, deployment);
      throw error;
    }
    const size = sizeOf(replicaSet);
    if (size > 0) this.#scaled(deployment, `Scaled up replica set ${name} from 0 to ${size}`);
  }

  /** The name is taken: by our own ReplicaSet that the cache does not show yet, or by one whose template has the same hash. */
  async #onNameTaken(name: string, deployment: Deployment): Promise<void> {
    const { client } = this.#context;
    const present = await client.resource(replicaSetKind).get({ namespace: deployment.metadata?.namespace, name });
    const isOurs = controllerOf(present)?.uid === deployment.metadata?.uid && findNewReplicaSet(deployment, [present]) !== undefined;
    if (isOurs) return;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await client.resource(deploymentKind).updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
    this.#context.host.log.info("the hash of a Pod template was taken; trying another", {
      deployment: deployment.metadata?.name,
      collisionCount,
    });
    throw new Error(`replica set ${name} belongs to something else; the next attempt uses another hash`);
  }

  async #reportFailure(message: string, deployment: Deployment): Promise<void> {
    const { client, events, host } = this.#context;
    events.event(deploymentKind, deployment, "Warning", "ReplicaSetCreateError", message);
    if (!hasProgressDeadline(deployment)) return;
    const before = deployment.status?.conditions ?? [];
    const conditions = setCondition(before, progressing("False", "ReplicaSetCreateError", message), host.clock.now());
    if (conditions === before) return;
    await client.resource(deploymentKind).updateStatus({ ...deployment, status: { ...deployment.status, conditions: [...conditions] } });
  }

  async #change({ before, after }: ReplicaSetChange, deployment: Deployment): Promise<void> {
    await this.#context.client.resource(replicaSetKind).update(after);
    const [from, to] = [sizeOf(before), sizeOf(after)];
    if (from !== to)
      this.#scaled(deployment, `Scaled ${to > from ? "up" : "down"} replica set ${after.metadata?.name} from ${from} to ${to}`);
  }

  #scaled(deployment: Deployment, message: string): void {
    this.#context.events.event(deploymentKind, deployment, "Normal", "ScalingReplicaSet", message);
  }

  async #delete(replicaSet: ReplicaSet): Promise<void> {
    const { namespace, name = "", uid } = replicaSet.metadata ?? {};
    try {
      await this.#context.client.resource(replicaSetKind).delete({ namespace, name }, { preconditions: { uid } });
    } catch (error) {
      if (!isStatus(error, "NotFound", "Conflict")) throw error;
    }
  }
}
