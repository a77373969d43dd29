import { isConditionTrue, type Node } from "@skiff/api";
import { messageOf, sleep, type Host } from "@skiff/base";
import type { NodeConnector } from "../ports/node-connector.ts";
import { wholeBody } from "../ports/whole-body.ts";
import { UsageHistory } from "./usage-history.ts";
import { parseNodeSample, type NodeSample } from "./usage-sample.ts";

/** How often nodes are asked while somebody wants to know; upstream's metrics-server is usually set to the same. */
const PERIOD_MS = 15_000;
/** Nodes are asked no longer when nobody has wanted to know for this long. */
const IDLE_AFTER_MS = 5 * 60_000;
/** After a pause the first two samples are this far apart, and whoever asked waits for them. */
const FIRST_SPAN_MS = 2000;
/** A node that takes longer is left out of the sample. */
const NODE_TIMEOUT_MS = 10_000;
/** Whoever asks waits no longer than this for the first samples. */
const FIRST_WAIT_MS = 5000;
/** So many nodes are asked at the same time. */
const PARALLEL_NODES = 32;
/** A longer answer of a kubelet is none. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** What a {@link UsageScraper} is made of. */
interface UsageScraperOptions {
  readonly host: Host;
  readonly connector: NodeConnector;
  /** The nodes as they are now. */
  readonly nodes: () => readonly Node[];
}

/**
 * Samples what the nodes and their containers use, from their kubelets, while somebody asks for it; costs nothing otherwise.
 */
export class UsageScraper {
  readonly #options: UsageScraperOptions;
  readonly #history = new UsageHistory();
  readonly #stop = new AbortController();
  #askedAtMs = 0;
  /** The first two samples after a pause; absent while nobody asks. */
  #warm: Promise<void> | undefined;

  constructor(options: UsageScraperOptions) {
    this.#options = options;
  }

  /** What is known by now. After a pause this takes as long as two samples, and at most five seconds. */
  async usage(): Promise<UsageHistory> {
    const { clock } = this.#options.host;
    this.#askedAtMs = clock.monotonic();
    if (this.#warm === undefined) {
      let warmed = (): void => {};
      this.#warm = new Promise((resolve) => (warmed = resolve));
      void this.#run(warmed);
    }
    const waited = new AbortController();
    await Promise.race([this.#warm, sleep(clock, FIRST_WAIT_MS, waited.signal).catch(() => {})]);
    waited.abort(new Error("the samples are there"));
    return this.#history;
  }

  stop(): void {
    this.#stop.abort(new Error("the server is shutting down"));
  }

  /** Never rejects: a node that fails is left out, and the end of the server ends the sleep. */
  async #run(warmed: () => void): Promise<void> {
    const { clock, log } = this.#options.host;
    const { signal } = this.#stop;
    try {
      await this.#sample();
      await sleep(clock, FIRST_SPAN_MS, signal);
      await this.#sample();
      warmed();
      while (clock.monotonic() - this.#askedAtMs < IDLE_AFTER_MS) {
        await sleep(clock, PERIOD_MS, signal);
        await this.#sample();
      }
    } catch (error) {
      if (!signal.aborted) log.warn("the use of resources could not be sampled", { error: messageOf(error) });
    }
    warmed();
    this.#history.keep(new Set());
    this.#warm = undefined;
  }

  async #sample(): Promise<void> {
    const nodes = this.#options.nodes().filter(isReady);
    this.#history.keep(new Set(nodes.map(({ metadata }) => metadata?.name ?? "")));
    const waiting = nodes.map(({ metadata }) => metadata?.name ?? "");
    const work = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        if (this.#stop.signal.aborted) return;
        try {
          this.#history.add(name, await this.#sampleNode(name));
        } catch (error) {
          this.#options.host.log.debug("a node does not tell what it uses", { node: name, error: messageOf(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL_NODES, waiting.length) }, work));
  }

  async #sampleNode(nodeName: string): Promise<NodeSample> {
    const { host, connector } = this.#options;
    const giveUp = new AbortController();
    const timer = host.clock.setTimeout(() => giveUp.abort(new Error("the node takes too long")), NODE_TIMEOUT_MS);
    try {
      const answer = await connector.request(
        { type: "kubelet", nodeName },
        {
          method: "GET",
          path: "/metrics/resource",
          query: "",
          headers: { accept: "text/plain" },
          signal: AbortSignal.any([giveUp.signal, this.#stop.signal]),
        },
      );
      const body = await wholeBody(answer, MAX_ANSWER_BYTES);
      if (answer.status !== 200) throw new Error(`the kubelet answered ${answer.status}`);
      return parseNodeSample(body.toString());
    } finally {
      timer.cancel();
    }
  }
}

function isReady({ status }: Node): boolean {
  return isConditionTrue(status?.conditions, "Ready");
}
