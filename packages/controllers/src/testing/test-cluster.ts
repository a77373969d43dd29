import { formatTime, type Host, type VirtualClock } from "@skiff/base";
import {
  deploymentKind,
  eventKind,
  nodeKind,
  podKind,
  replicaSetKind,
  type Binding,
  type Deployment,
  type Event,
  type KindDefinition,
  type KubeObject,
  type Pod,
  type PodTemplateSpec,
  type ReplicaSet,
  type Resource,
} from "@skiff/api";
import { Client, InformerFactory } from "@skiff/client";
import { createPathHandlers, createSubresourceHandlers } from "@skiff/apiserver";
import { startTestApiServer, type TestApiServer } from "@skiff/apiserver/testing";
import { TappedTransport } from "@skiff/client/testing";
import { startControllers, type ControllerOptions, type RunningControllers } from "../all-controllers.ts";

/** Controllers over a real API server in memory, with virtual time. There is no kubelet: tests say how Pods fare. */
export class TestCluster {
  readonly #server: TestApiServer;
  /** What the controllers and the test ask of the server. */
  readonly api: TappedTransport;
  readonly client: Client;
  readonly informers: InformerFactory;
  #running: RunningControllers | undefined;

  private constructor(server: TestApiServer) {
    this.#server = server;
    this.api = new TappedTransport(server.client().transport);
    this.client = new Client(this.api);
    this.informers = new InformerFactory(this.client, server.host, { sharedObjects: true });
  }

  /** A cluster without controllers; `kinds` are served beside those of Kubernetes. */
  static async create(kinds: readonly KindDefinition[] = []): Promise<TestCluster> {
    const nowhere = (): never => {
      throw new Error("no node can be reached, and no tokens are issued, in these tests");
    };
    return new TestCluster(
      await startTestApiServer({
        kinds,
        namespaces: ["default"],
        compose: ({ reader }) => ({
          paths: createPathHandlers(),
          subresources: createSubresourceHandlers({
            reader,
            connector: { request: nowhere, upgrade: nowhere },
            tokens: { issue: nowhere } as never,
          }),
        }),
      }),
    );
  }

  /** A cluster with the controllers of these names. */
  static async start(only: readonly string[], options: ControllerOptions = {}): Promise<TestCluster> {
    const cluster = await TestCluster.create();
    await cluster.start(only, options);
    return cluster;
  }

  get host(): Host {
    return this.#server.host;
  }

  get clock(): VirtualClock {
    return this.#server.clock;
  }

  /** Runs the controllers of these names. */
  async start(only: readonly string[], options: ControllerOptions = {}): Promise<void> {
    const { host, informers } = this;
    this.#running = startControllers({ ...options, host, informers, clientFor: () => this.client, only });
    await this.settle();
  }

  async stop(): Promise<void> {
    const stopped = Promise.all([this.#running?.stop(), this.informers.stop()]);
    await this.settle();
    await stopped;
    await this.#server.stop();
  }

  /** Lets everything happen that needs no more than a second. */
  async settle(): Promise<void> {
    await this.clock.advance(1000);
  }

  async list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<T[]> {
    return [...(await this.client.resource(resource).list({ namespace })).items];
  }

  /** The Pods that are not being deleted. */
  async pods(): Promise<Pod[]> {
    return (await this.list(podKind)).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  }

  /** Names of ReplicaSets with their sizes, oldest revision first. */
  async sizes(): Promise<number[]> {
    const revision = ({ metadata }: ReplicaSet): number => Number(metadata?.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
    return (await this.list(replicaSetKind)).sort((a, b) => revision(a) - revision(b)).map(({ spec }) => spec?.replicas ?? -1);
  }

  /** The reasons and messages of the events about objects of a kind. */
  async events(kind: string): Promise<string[]> {
    const events = await this.list<Event>(eventKind);
    return events.filter(({ involvedObject }) => involvedObject.kind === kind).map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** Changes the status of a Pod as its kubelet would. */
  async setPod(pod: Pod, status: NonNullable<Pod["status"]>): Promise<void> {
    const { namespace, name = "" } = pod.metadata ?? {};
    await this.client.resource(podKind).patch({ namespace, name }, { status }, { subresource: "status", type: "strategic" });
  }

  /** Puts a Pod on a node, as the scheduler does. */
  async bind(pod: Pod, nodeName: string): Promise<void> {
    const { namespace, name = "" } = pod.metadata ?? {};
    const binding: Binding = { metadata: { name, namespace }, target: { kind: "Node", name: nodeName } };
    await this.client.resource<KubeObject>(podKind as Resource).createSubresource({ namespace, name }, "binding", binding);
  }

  /** Every Pod that waits gets a node if it has none, its kubelet starts it, and kubelets end every Pod that is being deleted. Answers whether there was any. */
  async runKubelets(): Promise<boolean> {
    let isBusy = false;
    for (const pod of await this.list(podKind)) {
      const { namespace, name = "", deletionTimestamp } = pod.metadata ?? {};
      if (deletionTimestamp !== undefined) {
        isBusy = true;
        await this.client.resource(podKind).delete({ namespace, name }, { gracePeriodSeconds: 0 });
      } else if (pod.status?.phase === "Pending") {
        isBusy = true;
        if (!pod.spec?.nodeName) await this.bind(pod, "some-node");
        const lastTransitionTime = formatTime(this.clock.now());
        await this.setPod(pod, { phase: "Running", conditions: [{ type: "Ready", status: "True", lastTransitionTime }] });
      }
    }
    return isBusy;
  }

  /** Lets controllers and kubelets work until nothing moves any more. Errors: throws after a hundred rounds. */
  async converge(check?: () => Promise<void>): Promise<void> {
    for (let round = 0; round < 100; round++) {
      await this.settle();
      await check?.();
      if (!(await this.runKubelets())) return;
    }
    throw new Error("the cluster does not come to rest");
  }

  async addNode(name: string, ready = true): Promise<void> {
    await this.client.resource(nodeKind).create({ metadata: { name } });
    const now = formatTime(this.clock.now());
    const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastHeartbeatTime: now, lastTransitionTime: now }];
    await this.client.resource(nodeKind).patch({ name }, { status: { conditions } }, { subresource: "status" });
  }
}

/** A Pod template with one container. */
export function template(app: string, image = "web:1"): PodTemplateSpec {
  return { metadata: { labels: { app } }, spec: { containers: [{ name: "web", image }] } };
}

/** A ReplicaSet in the namespace `default`. */
export function replicaSet(name: string, replicas: number, spec: Partial<NonNullable<ReplicaSet["spec"]>> = {}): ReplicaSet {
  const selector = { matchLabels: { app: name } };
  return { metadata: { name, namespace: "default" }, spec: { replicas, selector, template: template(name), ...spec } };
}

/** A Deployment in the namespace `default`. */
export function deployment(name: string, replicas: number, spec: Partial<NonNullable<Deployment["spec"]>> = {}): Deployment {
  const selector = { matchLabels: { app: name } };
  return { metadata: { name, namespace: "default" }, spec: { replicas, selector, template: template(name), ...spec } };
}

export { deploymentKind, podKind, replicaSetKind };
