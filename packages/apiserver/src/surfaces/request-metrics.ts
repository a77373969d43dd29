import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Clock } from "@skiff/base";

/**
 * What a request is counted under. Only names of things that exist may stand here: a label for every path that a client
 * makes up would fill the memory.
 */
export interface RequestLabels {
  /** A verb of `RequestAttributes`, such as `list`; written in capitals as upstream does. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** Empty for requests that are about no resource. */
  readonly resource: string;
  readonly subresource: string;
  readonly scope: "cluster" | "namespace" | "resource" | "";
}

/** Labels of requests whose resource nobody serves, or that were refused before they had one. */
export const UNKNOWN_REQUEST: RequestLabels = { verb: "other", group: "", version: "", resource: "", subresource: "", scope: "" };

const LABELS = ["verb", "group", "version", "resource", "subresource", "scope"] as const;
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 5, 10, 30, 60];
const VERBS: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };

/** The counts that `/metrics` shows, under upstream's names. One for each server, in a registry of its own. */
export class RequestMetrics {
  readonly registry = new Registry();
  readonly #clock: Clock;
  readonly #total: Counter<(typeof LABELS)[number] | "code">;
  readonly #duration: Histogram<(typeof LABELS)[number]>;
  readonly #longRunning: Gauge<(typeof LABELS)[number]>;
  #collectsProcess = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    const registers = [this.registry];
    this.#total = new Counter({
      name: "apiserver_request_total",
      help: "Requests by verb, group, version, resource, scope and HTTP status.",
      labelNames: [...LABELS, "code"],
      registers,
    });
    this.#duration = new Histogram({
      name: "apiserver_request_duration_seconds",
      help: "Time from the arrival of a request to its answer. Watches and streams are not in it.",
      labelNames: LABELS,
      buckets: BUCKETS_SECONDS,
      registers,
    });
    this.#longRunning = new Gauge({
      name: "apiserver_longrunning_requests",
      help: "Watches and streams that are open.",
      labelNames: LABELS,
      registers,
    });
  }

  /** A request has come. Call the answer once, with the HTTP status that it got. */
  begin(): (labels: RequestLabels, code: number) => void {
    const start = this.#clock.monotonic();
    return (labels, code) => {
      const named = namesOf(labels);
      this.#total.inc({ ...named, code: String(code) });
      this.#duration.observe(named, (this.#clock.monotonic() - start) / 1000);
    };
  }

  /** A watch or stream has been accepted. Call the answer once when it is over. */
  opened(labels: RequestLabels): () => void {
    const named = namesOf(labels);
    this.#longRunning.inc(named);
    return () => this.#longRunning.dec(named);
  }

  /** Shows a number that is read when somebody asks, such as a count of objects. */
  observe(
    name: string,
    help: string,
    read: () => Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>,
    labelNames: readonly string[] = [],
  ): void {
    this.registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const [labels, value] of read()) this.set(labels, value);
        },
      }),
    );
  }

  /** Everything in the text format of Prometheus. */
  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    // The collectors of the runtime set timers of their own, so they start only for those who look at them.
    if (!this.#collectsProcess) collectDefaultMetrics({ register: this.registry });
    this.#collectsProcess = true;
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }
}

function namesOf(labels: RequestLabels): Record<(typeof LABELS)[number], string> {
  const { verb, group, version, resource, subresource, scope } = labels;
  return { verb: VERBS[verb] ?? verb.toUpperCase(), group, version, resource, subresource, scope };
}
