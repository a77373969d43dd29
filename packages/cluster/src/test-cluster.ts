import {
  createLogger,
  formatLogEntry,
  seededRandom,
  silentLogger,
  systemClock,
  systemRandom,
  VirtualClock,
  type Clock,
  type Host,
  type LogLevel,
} from "@skiff/base";
import { createClusterPki, createHttpsFront, PeerCertificateVerifier, type HttpsFront, type UserInfo } from "@skiff/apiserver";
import type { Client } from "@skiff/client";
import type { SimulatedRuntimeOptions } from "@skiff/cri-simulated";
import { MemoryStore } from "@skiff/store";
import { stringify } from "yaml";
import { startControlPlane, type ControlPlane } from "./control-plane/control-plane.ts";
import { networkPlan } from "./layout/network-plan.ts";
import { administrator, kubeconfigEntry } from "./manage/identities.ts";
import { SimulatedNodeConnector } from "./node/simulated-node-connector.ts";
import { SimulatedNodes } from "./node/simulated-nodes.ts";
import type { SimulatedNode } from "./node/simulated-node.ts";

/** What a cluster inside a test is to be. Everything has a default. */
export interface TestClusterOptions {
  /** How many simulated nodes. Default 1. */
  readonly nodes?: number;
  /** The same seed gives the same names, addresses and times. Default 1. */
  readonly seed?: number;
  /**
   * `virtual` (default): time moves only by `clock.advance`. `system`: real time, for tests in which other programs use
   * the cluster.
   */
  readonly time?: "virtual" | "system";
  /** How the containers behave. Default: they start at once and run forever. */
  readonly runtime?: SimulatedRuntimeOptions;
  /** Of each node. Defaults: 4 and 16 GiB. */
  readonly cpuCount?: number;
  readonly memoryBytes?: number;
  /** Default 110. */
  readonly maxPods?: number;
  /** Writes the log from this level on to standard error. Default: no log. */
  readonly logLevel?: LogLevel;
}

/** A whole cluster in this process: memory store, real API server, controllers, scheduler and kubelets, simulated containers. */
export interface TestCluster<C extends Clock = VirtualClock> extends AsyncDisposable {
  /** May do everything. */
  readonly client: Client;
  readonly clock: C;
  readonly host: Host;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  /** A client that acts as `user`. */
  clientAs(user: UserInfo): Client;
  /**
   * Serves the API over HTTPS on a free port of the loopback address (once) and answers a kubeconfig for it, so that
   * programs in any language can use the cluster.
   */
  kubeconfig(): Promise<string>;
  /** Ends everything; nothing is left. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a cluster inside a test. Resolves when the API answers, every controller works and every node is registered. */
export function startCluster(options?: TestClusterOptions & { readonly time?: "virtual" }): Promise<TestCluster>;
export function startCluster(options: TestClusterOptions): Promise<TestCluster<Clock>>;
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster<Clock>> {
  const clock = options.time === "system" ? systemClock : new VirtualClock();
  const { logLevel } = options;
  const log =
    logLevel === undefined
      ? silentLogger
      : createLogger(clock, (entry) => void process.stderr.write(`${formatLogEntry(entry)}\n`), logLevel);
  const random = options.time === "system" && options.seed === undefined ? systemRandom : seededRandom(options.seed ?? 1);
  const host: Host = { clock, random, log };
  const nodeCount = options.nodes ?? 1;
  const network = networkPlan(0, nodeCount);
  const store = new MemoryStore();
  const pki = createClusterPki(host);
  const plane = await startControlPlane({
    host,
    store,
    pki,
    network,
    connector: () => new SimulatedNodeConnector(() => nodes.nodes),
  });
  const nodes: SimulatedNodes = new SimulatedNodes({
    host,
    client: plane.admin,
    informers: plane.informers,
    names: Array.from({ length: nodeCount }, (_, index) => `node-${index + 1}`),
    clusterDns: network.dnsServiceIp,
    clusterDomain: network.clusterDomain,
    runtime: options.runtime,
    cpuCount: options.cpuCount,
    memoryBytes: options.memoryBytes,
    maxPods: options.maxPods,
  });
  await plane.controllersStarted;
  await nodes.start();
  return new RunningTestCluster(host, plane, nodes, store, pki);
}

class RunningTestCluster implements TestCluster<Clock> {
  readonly host: Host;
  readonly #plane: ControlPlane;
  readonly #nodes: SimulatedNodes;
  readonly #store: MemoryStore;
  readonly #pki: ReturnType<typeof createClusterPki>;
  #front: Promise<{ readonly front: HttpsFront; readonly kubeconfig: string }> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(host: Host, plane: ControlPlane, nodes: SimulatedNodes, store: MemoryStore, pki: ReturnType<typeof createClusterPki>) {
    this.host = host;
    this.#plane = plane;
    this.#nodes = nodes;
    this.#store = store;
    this.#pki = pki;
  }

  get client(): Client {
    return this.#plane.admin;
  }

  get clock(): Clock {
    return this.host.clock;
  }

  get nodes(): ReadonlyMap<string, SimulatedNode> {
    return this.#nodes.nodes;
  }

  clientAs(user: UserInfo): Client {
    return this.#plane.clientAs(user);
  }

  async kubeconfig(): Promise<string> {
    this.#front ??= this.#listen();
    return (await this.#front).kubeconfig;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #end(): Promise<void> {
    if (this.#front !== undefined) await (await this.#front).front.close(0);
    await this.#nodes.stop();
    await this.#plane.stop();
    await this.#store.close();
  }

  async #listen(): Promise<{ readonly front: HttpsFront; readonly kubeconfig: string }> {
    const authorityPem = this.#pki.authority.save().certificatePem;
    // Sockets live in real time, whatever the cluster's clock says.
    const front = createHttpsFront({
      host: { ...this.host, clock: systemClock },
      server: this.#plane.apiServer,
      certificate: () => this.#pki.apiServer,
      clientAuthorities: [authorityPem],
      verifier: new PeerCertificateVerifier(this.host.clock, authorityPem),
    });
    const port = await front.listen(0, "127.0.0.1");
    const { name, cluster, user } = kubeconfigEntry("skiff-test", administrator(`https://127.0.0.1:${port}`), this.#pki.authority);
    const kubeconfig = stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: [{ name, cluster }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    });
    return { front, kubeconfig };
  }
}
