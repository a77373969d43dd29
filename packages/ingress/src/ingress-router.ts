import { componentHost, type Host, type Timer } from "@skiff/base";
import { objectKey, type EndpointSlice, type Ingress, type IngressClass, type KubeObject, type Secret, type Service } from "@skiff/api";
import type { Informer } from "@skiff/client";
import { renderTable } from "./render-table.ts";
import { RouteMatcher, type RouteMatch } from "./route-matcher.ts";
import type { Certificate, RoutingTable } from "./routing-table.ts";

/** What an {@link IngressRouter} works on. Every informer is started by the caller. */
interface IngressRouterOptions {
  readonly host: Host;
  readonly ingresses: Informer<Ingress>;
  readonly classes: Informer<IngressClass>;
  readonly secrets: Informer<Secret>;
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
}

/** Changes that come within this time are taken up together. */
const GATHER_MS = 20;

/**
 * Keeps the routing table equal to what the cluster says. A table is put in force as a whole, between two requests; requests
 * under way end by the one that they began with.
 */
export class IngressRouter {
  readonly #options: IngressRouterOptions;
  readonly #host: Host;
  readonly #unsubscribe: (() => void)[] = [];
  readonly #changed: (() => void)[] = [];
  #table: RoutingTable = { hosts: [], certificates: new Map(), problems: [] };
  #text = textOf(this.#table);
  #matcher = new RouteMatcher(this.#table);
  #timer: Timer | undefined;
  #reported: ReadonlySet<string> = new Set();

  constructor(options: IngressRouterOptions) {
    this.#options = options;
    this.#host = componentHost(options.host, "ingress");
  }

  /** The table in force. */
  get table(): RoutingTable {
    return this.#table;
  }

  /** Resolves when the first table is in force. Errors: rejects when the signal is aborted first. */
  async start(signal: AbortSignal): Promise<void> {
    const { ingresses, classes, secrets, services, endpointSlices } = this.#options;
    const informers = [ingresses, classes, secrets, services, endpointSlices];
    await Promise.all(informers.map((informer) => informer.synced(signal)));
    const changed = (): void => this.#gather();
    this.#unsubscribe.push(
      ingresses.onChange(changed),
      classes.onChange(changed),
      secrets.onChange(changed),
      services.onChange(changed),
      endpointSlices.onChange(changed),
    );
    this.#render();
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#timer?.cancel();
  }

  /** Calls back after each new table. */
  onTable(handler: () => void): void {
    this.#changed.push(handler);
  }

  /** The route for a request, see {@link RouteMatcher.match}. */
  match(host: string, url: string): RouteMatch | undefined {
    return this.#matcher.match(host, url);
  }

  /** The certificate for a name, if an Ingress brings one. */
  certificate(name: string): Certificate | undefined {
    return this.#matcher.certificate(name);
  }

  #gather(): void {
    this.#timer ??= this.#host.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#render();
    }, GATHER_MS);
  }

  #render(): void {
    const { ingresses, classes, secrets, services, endpointSlices } = this.#options;
    const slices = new Map<string, EndpointSlice[]>();
    for (const slice of endpointSlices.list()) {
      const service = slice.metadata?.labels?.["kubernetes.io/service-name"];
      if (service === undefined || slice.addressType === "FQDN") continue;
      const key = `${slice.metadata?.namespace ?? ""}/${service}`;
      slices.set(key, [...(slices.get(key) ?? []), slice]);
    }
    const table = renderTable({
      ingresses: ingresses.list(),
      classes: byKey(classes),
      secrets: byKey(secrets),
      services: byKey(services),
      slices,
    });
    const text = textOf(table);
    if (text === this.#text) return;
    this.#matcher = new RouteMatcher(table);
    this.#table = table;
    this.#text = text;
    this.#report(table.problems);
    for (const handler of this.#changed) handler();
  }

  #report(problems: readonly string[]): void {
    for (const problem of problems) if (!this.#reported.has(problem)) this.#host.log.warn(problem);
    this.#reported = new Set(problems);
  }
}

/** Equal for equal tables. */
function textOf({ hosts, certificates, problems }: RoutingTable): string {
  return JSON.stringify([hosts, [...certificates], problems]);
}

function byKey<T extends KubeObject>(informer: Informer<T>): Map<string, T> {
  return new Map(informer.list().map((object) => [objectKey(object), object]));
}
