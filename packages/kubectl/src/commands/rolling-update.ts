import { fnv1a32, sleep } from "@skiff/base";
import { isStatus, type JsonObject, type KubeObject, type PodTemplateSpec } from "@skiff/api";
import type { DiscoveredResource } from "@skiff/client";
import type { Command } from "../command.ts";
import { KubectlError } from "../kubectl-error.ts";
import type { Session } from "../session.ts";

/** On the new controller: how many replicas it is to have in the end. */
const DESIRED_REPLICAS = "kubectl.kubernetes.io/desired-replicas";
/** On the new controller: the one that it takes over from. */
const UPDATE_SOURCE = "kubectl.kubernetes.io/update-source-id";

/** The label that keeps the Pods of the two controllers apart. */
const DEPLOYMENT_KEY = "deployment";

const MERGE_PATCH = { "content-type": "application/merge-patch+json" };

interface ReplicationController extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: Readonly<Record<string, string>>; readonly template?: PodTemplateSpec };
  readonly status?: { readonly readyReplicas?: number; readonly replicas?: number };
}

/** The calls about ReplicationControllers of one namespace that an update makes. */
class Controllers {
  readonly #session: Session;
  readonly #resource: DiscoveredResource;
  readonly namespace: string;

  constructor(session: Session, resource: DiscoveredResource, namespace: string) {
    this.#session = session;
    this.#resource = resource;
    this.namespace = namespace;
  }

  static async open(session: Session): Promise<Controllers> {
    return new Controllers(session, await (await session.mapper()).byKind("v1", "ReplicationController"), await session.namespace());
  }

  async list(): Promise<readonly ReplicationController[]> {
    const { items } = (await this.#session.request(this.#resource, { namespace: this.namespace })) as {
      readonly items: readonly ReplicationController[];
    };
    return items;
  }

  async get(name: string): Promise<ReplicationController> {
    return this.#session.get(this.#resource, this.namespace, name);
  }

  async create(controller: object): Promise<ReplicationController> {
    return (await this.#session.request(
      this.#resource,
      { namespace: this.namespace },
      { method: "POST", query: { fieldManager: "kubectl-rolling-update" }, body: controller as JsonObject },
    )) as ReplicationController;
  }

  async patch(name: string, patch: JsonObject): Promise<void> {
    await this.#session.request(
      this.#resource,
      { namespace: this.namespace, name },
      { method: "PATCH", headers: MERGE_PATCH, query: { fieldManager: "kubectl-rolling-update" }, body: patch },
    );
  }

  async delete(name: string): Promise<void> {
    const { flags, io } = this.#session;
    const propagation: JsonObject = { propagationPolicy: "Orphan" };
    await this.#session.request(this.#resource, { namespace: this.namespace, name }, { method: "DELETE", body: propagation });
    const deadline = io.host.clock.monotonic() + flags.durationMs("timeout");
    // The garbage collector lets the Pods go first; until then a controller of the same name would fight for them.
    for (;;) {
      try {
        await this.get(name);
      } catch (error) {
        if (isStatus(error, "NotFound")) return;
        throw error;
      }
      if (io.host.clock.monotonic() > deadline) throw new KubectlError(`timed out waiting for ${name} to be deleted`);
      await sleep(io.host.clock, flags.durationMs("poll-interval"), io.signal);
    }
  }

  /** Gives the Pods that `selector` finds one more label, so that a controller with a narrower selector keeps them. */
  async labelPods(selector: Readonly<Record<string, string>>, label: JsonObject): Promise<void> {
    const pods = await (await this.#session.mapper()).byKind("v1", "Pod");
    const labelSelector = Object.entries(selector)
      .map((pair) => pair.join("="))
      .join(",");
    const { items } = (await this.#session.request(pods, { namespace: this.namespace }, { query: { labelSelector } })) as {
      readonly items: readonly KubeObject[];
    };
    for (const { metadata } of items)
      await this.#session.request(
        pods,
        { namespace: this.namespace, name: metadata?.name },
        { method: "PATCH", headers: MERGE_PATCH, body: { metadata: { labels: label } } },
      );
  }
}

/**
 * `kubectl rolling-update`, as kubectl had it until 1.18: replaces the Pods of a ReplicationController one by one, driven
 * from here. Today's way is a Deployment.
 */
export const rollingUpdateCommand: Command = {
  name: "rolling-update",
  summary: "Perform a rolling update of a replication controller, as kubectl did before 1.18",
  usage: "OLD_CONTROLLER_NAME [NEW_CONTROLLER_NAME] (--image=NEW_CONTAINER_IMAGE | --rollback) [options]",
  hidden: true,
  flags: {
    image: { type: "string", help: "Image to use for upgrading the replication controller." },
    container: { type: "string", help: "Container name which will have its image upgraded." },
    rollback: { type: "bool", help: "If true, abort an existing rollout that is partially executed, and roll it back." },
    "update-period": { type: "string", default: "1m0s", help: "Time to wait between updating pods." },
    "poll-interval": { type: "string", default: "3s", help: "Time delay between polling for replication controller status." },
    timeout: { type: "string", default: "5m0s", help: "Max time to wait for a replication controller to update before giving up." },
  },
  async run(session) {
    const { flags } = session;
    const [oldName, newName, ...more] = flags.args;
    if (oldName === undefined || more.length > 0) throw new KubectlError("Must specify the controller to update");
    const rollback = flags.bool("rollback");
    if (!rollback && flags.text("image") === "")
      throw new KubectlError("--image is required (manifests of a new controller are not taken)");
    const controllers = await Controllers.open(session);
    const old = await controllers.get(oldName);
    const update = new RollingUpdate(session, controllers);
    if (rollback) await update.revert(old);
    else await update.advance(old, newName);
  },
};

class RollingUpdate {
  readonly #session: Session;
  readonly #controllers: Controllers;

  constructor(session: Session, controllers: Controllers) {
    this.#session = session;
    this.#controllers = controllers;
  }

  async advance(old: ReplicationController, newName: string | undefined): Promise<void> {
    const name = old.metadata?.name ?? "";
    const running = await this.#inProgress(name);
    if (running !== undefined) this.#session.line(`Found existing update in progress (${running.metadata?.name}), resuming.`);
    const next = running ?? (await this.#createNext(old, newName));
    const nextName = next.metadata?.name ?? "";
    const desired = Number(next.metadata?.annotations?.[DESIRED_REPLICAS] ?? old.spec?.replicas ?? 1);
    await this.#exchange(name, nextName, desired);
    this.#session.line(`Update succeeded. Deleting old controller: ${name}`);
    await this.#controllers.delete(name);
    if (newName === undefined) await this.#rename(nextName, name, desired);
    this.#session.line(`replicationcontroller "${newName ?? name}" rolling updated`);
  }

  async revert(old: ReplicationController): Promise<void> {
    const name = old.metadata?.name ?? "";
    const next = await this.#inProgress(name);
    if (next === undefined) throw new KubectlError(`no update of ${name} is in progress, so there is nothing to roll back`);
    const nextName = next.metadata?.name ?? "";
    this.#session.line(`Found existing update in progress (${nextName}), rolling back.`);
    await this.#exchange(nextName, name, Number(next.metadata?.annotations?.[DESIRED_REPLICAS] ?? 1));
    this.#session.line(`Rollback succeeded. Deleting old controller: ${nextName}`);
    await this.#controllers.delete(nextName);
    this.#session.line(`replicationcontroller "${name}" rolling updated`);
  }

  async #inProgress(name: string): Promise<ReplicationController | undefined> {
    return (await this.#controllers.list()).find(({ metadata }) => metadata?.annotations?.[UPDATE_SOURCE] === name);
  }

  /** Both controllers must tell their Pods apart before the new one exists. */
  async #createNext(old: ReplicationController, newName: string | undefined): Promise<ReplicationController> {
    const { flags } = this.#session;
    const template = old.spec?.template;
    const containers = template?.spec?.containers ?? [];
    const chosen = flags.maybe("container") ?? (containers.length === 1 ? containers[0]?.name : undefined);
    if (chosen === undefined || !containers.some(({ name }) => name === chosen))
      throw new KubectlError("must specify --container when updating to a new image: the Pod template has several containers");
    const image = flags.text("image");
    if (containers.every((container) => container.name !== chosen || container.image === image))
      throw new KubectlError(`specified --image "${image}" is the same as the image of the existing controller`);
    const { name = "" } = old.metadata ?? {};
    const selector = old.spec?.selector ?? {};
    const hash = (text: string): string => fnv1a32(text).toString(16).padStart(8, "0");
    if (selector[DEPLOYMENT_KEY] === undefined) {
      const label = { [DEPLOYMENT_KEY]: hash(JSON.stringify(template)) };
      await this.#controllers.patch(name, { spec: { template: { metadata: { labels: label } } } });
      await this.#controllers.labelPods(selector, label);
      await this.#controllers.patch(name, { spec: { selector: label } });
    }
    const spec = { ...template?.spec, containers: containers.map((each) => (each.name === chosen ? { ...each, image } : each)) };
    const key = { [DEPLOYMENT_KEY]: hash(JSON.stringify(spec)) };
    const labels = { ...template?.metadata?.labels, ...key };
    const next = await this.#controllers.create({
      apiVersion: "v1",
      kind: "ReplicationController",
      metadata: {
        name: newName ?? `${name}-${key[DEPLOYMENT_KEY]}`,
        labels: old.metadata?.labels,
        annotations: { [DESIRED_REPLICAS]: String(old.spec?.replicas ?? 1), [UPDATE_SOURCE]: name },
      },
      spec: { replicas: 0, selector: { ...selector, ...key }, template: { metadata: { ...template?.metadata, labels }, spec } },
    });
    this.#session.line(`Created ${next.metadata?.name}`);
    return next;
  }

  /** One Pod more here, one less there, until `to` has `desired` and `from` none. */
  async #exchange(from: string, to: string, desired: number): Promise<void> {
    const { flags, io } = this.#session;
    const replicas = async (name: string): Promise<number> => (await this.#controllers.get(name)).spec?.replicas ?? 0;
    let up = await replicas(to);
    let down = await replicas(from);
    this.#session.line(
      `Scaling up ${to} from ${up} to ${desired}, scaling down ${from} from ${down} to 0 (keep ${desired} pods available, don't exceed ${desired + 1} pods)`,
    );
    while (up < desired || down > 0) {
      if (up < desired) {
        this.#session.line(`Scaling ${to} up to ${++up}`);
        await this.#scale(to, up);
      }
      if (down > 0) {
        this.#session.line(`Scaling ${from} down to ${--down}`);
        await this.#scale(from, down);
      }
      if (up < desired || down > 0) await sleep(io.host.clock, flags.durationMs("update-period"), io.signal);
    }
  }

  async #scale(name: string, replicas: number): Promise<void> {
    const { flags, io } = this.#session;
    await this.#controllers.patch(name, { spec: { replicas } });
    const deadline = io.host.clock.monotonic() + flags.durationMs("timeout");
    for (;;) {
      const { status } = await this.#controllers.get(name);
      if (status?.replicas === replicas && (status.readyReplicas ?? 0) === replicas) return;
      if (io.host.clock.monotonic() > deadline) throw new KubectlError(`timed out waiting for ${name} to have ${replicas} ready replicas`);
      await sleep(io.host.clock, flags.durationMs("poll-interval"), io.signal);
    }
  }

  /** The Pods outlive the controller that made them and are taken over by one of the old name. */
  async #rename(from: string, to: string, replicas: number): Promise<void> {
    this.#session.line(`Renaming ${from} to ${to}`);
    const { metadata, spec } = await this.#controllers.get(from);
    await this.#controllers.delete(from);
    const { [DESIRED_REPLICAS]: _desired, [UPDATE_SOURCE]: _source, ...annotations } = metadata?.annotations ?? {};
    await this.#controllers.create({
      apiVersion: "v1",
      kind: "ReplicationController",
      metadata: { name: to, labels: metadata?.labels, annotations },
      spec: { ...spec, replicas },
    });
  }
}
