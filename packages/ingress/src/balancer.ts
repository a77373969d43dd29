import { fnv1a32 } from "@skiff/base";
import type { Backend, Endpoint } from "./routing-table.ts";

/** Chooses endpoints in turn. The turn is kept through changes of the table. */
export class Balancer {
  /** By the backend's key. Keys of backends that are gone are dropped by {@link retain}. */
  readonly #turns = new Map<string, number>();

  /** All endpoints in the order in which they are to be tried: the one whose turn it is first. */
  order(backend: Backend): readonly Endpoint[] {
    const { key, endpoints } = backend;
    if (endpoints.length < 2) return endpoints;
    const turn = (this.#turns.get(key) ?? 0) % endpoints.length;
    this.#turns.set(key, turn + 1);
    return [...endpoints.slice(turn), ...endpoints.slice(0, turn)];
  }

  /** The same with the client's endpoint first, if it is still there. `affinity`: what {@link affinityOf} said of it. */
  orderFor(backend: Backend, affinity: string | undefined): readonly Endpoint[] {
    const own = affinity === undefined ? undefined : backend.endpoints.find((endpoint) => affinityOf(backend, endpoint) === affinity);
    return own === undefined ? this.order(backend) : [own, ...backend.endpoints.filter((endpoint) => endpoint !== own)];
  }

  /** Forgets the turns of all other backends. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#turns.keys()) if (!keys.has(key)) this.#turns.delete(key);
  }
}

/** A word that stands for an endpoint without telling its address. */
export function affinityOf({ key }: Backend, { host, port }: Endpoint): string {
  return fnv1a32(`${key} ${host} ${port}`).toString(16).padStart(8, "0");
}
