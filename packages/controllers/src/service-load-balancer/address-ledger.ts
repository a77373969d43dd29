import { objectKey, type Service } from "@skiff/api";
import type { Informer } from "@skiff/client";
import { statusAddresses, wantsLoadBalancer } from "./plan.ts";

/** Which addresses of the pool are taken: by what the Services show, and by what was given and does not show yet. */
export class AddressLedger {
  readonly #services: Informer<Service>;
  /** What was given and the cache does not show yet, by the Service's key. */
  readonly #given = new Map<string, string>();

  constructor(services: Informer<Service>) {
    this.#services = services;
  }

  give(key: string, address: string): void {
    this.#given.set(key, address);
  }

  takeBack(key: string): void {
    this.#given.delete(key);
  }

  /** The addresses that the Service cannot have, for others have them. */
  takenBeside(key: string): Set<string> {
    const taken = new Set<string>();
    for (const [holder, address] of this.#given) {
      const service = this.#services.get(holder);
      if (service === undefined || statusAddresses(service).includes(address)) this.#given.delete(holder);
      else if (holder !== key) taken.add(address);
    }
    const own = this.#services.get(key);
    for (const other of this.#services.list()) {
      if (other === own || !wantsLoadBalancer(other)) continue;
      for (const address of statusAddresses(other)) {
        // Of two that show the same address (somebody wrote a status by hand) the older one keeps it.
        const isShared = own !== undefined && statusAddresses(own).includes(address);
        if (!isShared || isOlder(other, own)) taken.add(address);
      }
    }
    return taken;
  }

  /** The keys of the Services that wait for an address. */
  *waiting(): Iterable<string> {
    for (const service of this.#services.list())
      if (wantsLoadBalancer(service) && statusAddresses(service).length === 0) yield objectKey(service);
  }
}

function isOlder(a: Service, b: Service): boolean {
  const [first = "", second = ""] = [a.metadata?.creationTimestamp, b.metadata?.creationTimestamp];
  return first < second || (first === second && (a.metadata?.uid ?? "") < (b.metadata?.uid ?? ""));
}
