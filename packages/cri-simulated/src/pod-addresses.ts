import { RuntimeError } from "@skiff/kubelet";
import { AddressPool } from "./address-pool.ts";

/** The addresses that Pods have: one of each range, from the start of a sandbox to its end. */
export class PodAddresses {
  readonly #held = new Map<string, { readonly pool: AddressPool; readonly offset: number }[]>();
  #pools: readonly AddressPool[] = [];
  #podCidr = "";

  /** False until there is a range to give addresses from. */
  get isReady(): boolean {
    return this.#pools.length > 0;
  }

  /** Ranges of two families are joined by a comma. Addresses that Pods have stay theirs. */
  setRange(podCidr: string): void {
    if (podCidr === this.#podCidr) return;
    this.#pools = podCidr === "" ? [] : podCidr.split(",").map((cidr) => new AddressPool(cidr));
    this.#podCidr = podCidr;
  }

  /** Gives the sandbox its addresses. Errors: throws a `RuntimeError` when there is no range, or none is free. */
  take(sandboxId: string, podName: string): readonly string[] {
    if (!this.isReady) {
      throw new RuntimeError("UNKNOWN", `failed to setup network for sandbox of "${podName}": no Pod network is set`);
    }
    const taken = this.#pools.map((pool) => ({ pool, ...pool.take() }));
    this.#held.set(sandboxId, taken);
    return taken.map(({ address }) => address);
  }

  /** Takes the addresses of the sandbox back, if it has any. */
  release(sandboxId: string): void {
    for (const { pool, offset } of this.#held.get(sandboxId) ?? []) pool.release(offset);
    this.#held.delete(sandboxId);
  }
}
