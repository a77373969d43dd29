import { isStatus, podKind, type KubeObject, type Pod, type Resource } from "@skiff/api";
import type { Informer } from "@skiff/client";
import type { OwnWrites } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";

/** In a namespace that is going away nothing can be created; that is no failure of the owner. */
export function isNamespaceTerminating(error: unknown): boolean {
  return isStatus(error, "Forbidden") && (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");
}

/** Creates and deletes Pods for owners of one kind, with the events that upstream reports and a record of own writes. */
export class PodWriter<Owner extends KubeObject> {
  readonly #context: ControllerContext;
  readonly #ownerResource: Resource<Owner>;
  readonly #pods: Informer<Pod>;
  readonly #ownWrites: OwnWrites;

  constructor(context: ControllerContext, ownerResource: Resource<Owner>, pods: Informer<Pod>, ownWrites: OwnWrites) {
    this.#context = context;
    this.#ownerResource = ownerResource;
    this.#pods = pods;
    this.#ownWrites = ownWrites;
  }

  /** Errors: rejects with the server's refusal, which was reported on the owner unless its namespace is going away. */
  async create(owner: Owner, ownerKey: string, pod: Pod): Promise<Pod> {
    const { client, events } = this.#context;
    try {
      const created = await client.resource(podKind).create(pod);
      this.#ownWrites.wrote(ownerKey, this.#pods, created);
      events.event(this.#ownerResource, owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata?.name}`);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error)) {
        events.event(this.#ownerResource, owner, "Warning", "FailedCreate", `Error creating: ${(error as Error).message}`);
      }
      throw error;
    }
  }

  /** A Pod that is gone already is fine. */
  async delete(owner: Owner, ownerKey: string, pod: Pod): Promise<void> {
    const { client, events } = this.#context;
    const { namespace, name = "", uid } = pod.metadata ?? {};
    try {
      await client.resource(podKind).delete({ namespace, name }, { preconditions: { uid } });
    } catch (error) {
      // A conflict means that the name belongs to another Pod by now.
      if (isStatus(error, "NotFound", "Conflict")) return;
      events.event(this.#ownerResource, owner, "Warning", "FailedDelete", `Error deleting: ${(error as Error).message}`);
      throw error;
    }
    this.#ownWrites.deleted(ownerKey, this.#pods, pod);
    events.event(this.#ownerResource, owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  }
}
