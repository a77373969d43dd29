import { formatTime, jitter, messageOf, sleep, type Host } from "@skiff/base";
import { isStatus, nodeKind, type Node, type NodeStatus } from "@skiff/api";
import type { Client } from "@skiff/client";
import type { ContainerRuntime, Image, RuntimeStatus, RuntimeVersion } from "./container-runtime.ts";
import { mergeNodeConditions, nodeConditions, type NodePressure } from "./node-conditions.ts";
import type { MachineInfo, MachineUsage, NodeFacts } from "./node-facts.ts";
import { isOlder } from "./object-version.ts";
import { newNode, nodeFactsStatus, nodeLabels, type NodeSettings } from "./node-object.ts";

/** How often the status is worked out; it is sent when it has changed, or after {@link REPORT_MS}. */
const UPDATE_MS = 10_000;
const REPORT_MS = 300_000;
/** A node whose Pod network is not there yet looks more often, for a while, so that it is ready as soon as it can be. */
const WAITING_MS = 100;
const WAITING_LIMIT_MS = 60_000;
/** Images change rarely and listing them is dear. */
const IMAGES_MS = 60_000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 7000;

/** What a {@link NodeStatusReporter} works with. */
interface NodeStatusParts {
  readonly host: Host;
  readonly client: Client;
  readonly runtime: Pick<ContainerRuntime, "status" | "version" | "listImages">;
  readonly facts: NodeFacts;
  readonly settings: NodeSettings;
  readonly pressure: () => NodePressure;
  readonly plegHealthy: () => boolean;
  /** The network of the node's Pods has been set or changed. */
  readonly onPodCidrs: (podCidrs: readonly string[]) => Promise<void>;
  /** The runtime, or its network, became ready or stopped being so. */
  readonly onReadiness: () => void;
}

/** Registers the node and keeps its status up to date. */
export class NodeStatusReporter {
  readonly #parts: NodeStatusParts;
  readonly #stop = new AbortController();
  #machine: MachineInfo | undefined;
  #usage: MachineUsage | undefined;
  #version: RuntimeVersion | undefined;
  #runtime: RuntimeStatus | undefined;
  #images: readonly Image[] = [];
  #imagesMs = Number.NEGATIVE_INFINITY;
  #node: Node | undefined;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #podCidrs = "";
  /** Ends the pause of the loop; while a report is under way there is none, and the next one is left out. */
  #wake: (() => void) | undefined;
  #isAsked = false;

  constructor(parts: NodeStatusParts) {
    this.#parts = parts;
  }

  /** The node as the API had it last. */
  get node(): Node | undefined {
    return this.#node;
  }

  get allocatable(): Readonly<Record<string, string>> {
    return this.#node?.status?.allocatable ?? {};
  }

  get memoryCapacityBytes(): number {
    return this.#machine?.memoryBytes ?? 0;
  }

  get runtimeVersion(): RuntimeVersion | undefined {
    return this.#version;
  }

  /** Why Pods with a network of their own cannot start now; undefined when they can. */
  networkObstacle(): string | undefined {
    return networkObstacle(this.#runtime);
  }

  /** Learns what the machine and the runtime are. Rejects when the runtime does not answer. */
  async prepare(): Promise<void> {
    this.#machine = await this.#parts.facts.machine();
    this.#usage = await this.#parts.facts.usage();
    this.#version = await this.#parts.runtime.version();
  }

  /** Registers the node, trying until it succeeds, and reports from then on. Resolves once the node is registered. */
  async start(): Promise<void> {
    const { signal } = this.#stop;
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2)) {
      try {
        await this.#register();
        break;
      } catch (error) {
        this.#parts.host.log.warn("the node could not be registered; trying again", { error: messageOf(error) });
        await sleep(this.#parts.host.clock, retryMs, signal).catch(() => {});
      }
    }
    // The loop handles its own failures and ends with the signal.
    void this.#loop();
  }

  stop(): void {
    this.#stop.abort(new Error("the kubelet was stopped"));
    this.#wake?.();
  }

  /** Works the status out anew soon, because something has happened to the node. */
  soon(): void {
    this.#isAsked = true;
    this.#wake?.();
  }

  /** The API shows this version of the node. */
  async observe(node: Node): Promise<void> {
    // What our own write answered may be newer than what the watch brings after it.
    if (this.#node === undefined || this.#node.metadata?.uid !== node.metadata?.uid || !isOlder(node, this.#node)) this.#node = node;
    const podCidrs = node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []);
    const key = podCidrs.join(",");
    if (key === "" || key === this.#podCidrs) return;
    this.#podCidrs = key;
    try {
      await this.#parts.onPodCidrs(podCidrs);
      this.soon();
    } catch (error) {
      this.#podCidrs = "";
      this.#parts.host.log.warn("the runtime did not take the Pod network", { podCidrs: key, error: messageOf(error) });
    }
  }

  async #register(): Promise<void> {
    const { client, settings } = this.#parts;
    const nodes = client.resource(nodeKind);
    const machine = this.#machine!;
    const status = await this.#status(undefined);
    try {
      await this.observe(await nodes.create(newNode(settings, machine, status)));
      this.#reportedMs = this.#parts.host.clock.monotonic();
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
      const existing = await nodes.get({ name: settings.nodeName });
      const labels = nodeLabels(settings, machine);
      const differs = Object.entries(labels).some(([key, value]) => existing.metadata?.labels?.[key] !== value);
      const node = differs ? await nodes.patch({ name: settings.nodeName }, { metadata: { labels } }) : existing;
      await this.observe(node);
      await this.#report(true);
    }
  }

  async #loop(): Promise<void> {
    const { host } = this.#parts;
    const { signal } = this.#stop;
    const startedMs = host.clock.monotonic();
    while (!signal.aborted) {
      if (!this.#isAsked) await this.#pause(this.#waiting(startedMs) ? WAITING_MS : jitter(host.random, UPDATE_MS, 0.04));
      if (signal.aborted) return;
      const isAsked = this.#isAsked;
      this.#isAsked = false;
      try {
        if (isAsked || !this.#waiting(startedMs) || (await this.#networkHasCome())) await this.#report(false);
      } catch (error) {
        host.log.warn("the node's status could not be written", { error: messageOf(error) });
        if (isStatus(error, "NotFound")) await this.#registerAgain();
      }
    }
  }

  /** Somebody has deleted the node. A failure is tried again with the next report. */
  async #registerAgain(): Promise<void> {
    try {
      await this.#register();
    } catch (error) {
      this.#parts.host.log.warn("the node could not be registered again", { error: messageOf(error) });
    }
  }

  /** Ends early when {@link soon} is called. */
  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.host.clock.setTimeout(resolve, durationMs);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Asks for no more than that: working out the whole status ten times a second was half the work of 300 starting nodes. */
  async #networkHasCome(): Promise<boolean> {
    return networkObstacle(await this.#parts.runtime.status()) === undefined;
  }

  #waiting(startedMs: number): boolean {
    return this.networkObstacle() !== undefined && this.#parts.host.clock.monotonic() - startedMs < WAITING_LIMIT_MS;
  }

  async #report(always: boolean): Promise<void> {
    const { host, client, settings } = this.#parts;
    const status = await this.#status(this.#node);
    const now = host.clock.monotonic();
    const changed = this.#node === undefined || differs(this.#node.status ?? {}, status);
    if (!always && !changed && now - this.#reportedMs < REPORT_MS) return;
    this.#node = await client
      .resource(nodeKind)
      .patch({ name: settings.nodeName }, { status }, { type: "strategic", subresource: "status" });
    this.#reportedMs = now;
  }

  async #status(node: Node | undefined): Promise<NodeStatus> {
    const { host, facts, runtime, settings, pressure, plegHealthy } = this.#parts;
    this.#usage = await facts.usage();
    let runtimeError: string | undefined;
    const wasReady = this.networkObstacle() === undefined && this.#runtime !== undefined;
    try {
      this.#runtime = await runtime.status();
      await this.#refreshImages();
    } catch (error) {
      this.#runtime = undefined;
      runtimeError = messageOf(error);
    }
    if (wasReady !== (this.networkObstacle() === undefined && this.#runtime !== undefined)) this.#parts.onReadiness();
    const conditions = nodeConditions({ pressure: pressure(), runtime: this.#runtime, runtimeError, plegHealthy: plegHealthy() });
    return {
      ...nodeFactsStatus(settings, this.#machine!, this.#usage, this.#version, this.#images),
      conditions: mergeNodeConditions(node, conditions, formatTime(host.clock.now())),
    };
  }

  async #refreshImages(): Promise<void> {
    const now = this.#parts.host.clock.monotonic();
    if (now - this.#imagesMs < IMAGES_MS) return;
    this.#images = await this.#parts.runtime.listImages();
    this.#imagesMs = now;
  }
}

function networkObstacle(runtime: RuntimeStatus | undefined): string | undefined {
  const network = runtime?.conditions.find(({ type }) => type === "NetworkReady");
  if (network === undefined || network.status) return undefined;
  return `container runtime network not ready: NetworkReady=false reason:${network.reason} message:${network.message}`;
}

/** Whether two statuses differ in more than the time of the heartbeat. */
function differs(current: NodeStatus, wanted: NodeStatus): boolean {
  const plain = (status: NodeStatus): NodeStatus => ({
    ...status,
    // The API server puts conditions of others last, and the order means nothing.
    conditions: (status.conditions ?? [])
      .map(({ lastHeartbeatTime: _heartbeat, ...rest }) => rest)
      .sort((one, other) => (one.type < other.type ? -1 : 1)),
  });
  const a = plain(current) as Record<string, unknown>;
  const b = plain(wanted) as Record<string, unknown>;
  return Object.keys(b).some((key) => stable(a[key]) !== stable(b[key]));
}

/** JSON with sorted keys, so that equal objects have equal texts. Absent and empty are the same. */
function stable(value: unknown): string {
  const sorted = (_key: string, item: unknown): unknown =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item;
  const text = JSON.stringify(value, sorted);
  return text === undefined || text === "[]" || text === "{}" ? "" : text;
}
