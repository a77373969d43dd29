import { formatMicroTime, jitter, messageOf, sleep, type Host } from "@skiff/base";
import { isStatus, leaseKind, type Lease, type Node } from "@skiff/api";
import type { Client } from "@skiff/client";

/** KEP-589: the lease is renewed four times within its life. */
const DURATION_SECONDS = 40;
const RENEW_MS = 10_000;
const MAX_FAST_RETRIES = 5;
const FIRST_RETRY_MS = 200;
const NAMESPACE = "kube-node-lease";

/** Says every 10 s that the node is alive, by a Lease of its name. */
export class NodeLease {
  readonly #client: Client;
  readonly #host: Host;
  readonly #nodeName: string;
  readonly #node: () => Node | undefined;
  readonly #stop = new AbortController();
  #lease: Lease | undefined;

  constructor(client: Client, host: Host, nodeName: string, node: () => Node | undefined) {
    this.#client = client;
    this.#host = host;
    this.#nodeName = nodeName;
    this.#node = node;
  }

  start(): void {
    // The loop handles its own failures and ends with the signal.
    void this.#loop();
  }

  stop(): void {
    this.#stop.abort(new Error("the kubelet was stopped"));
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#renew(signal);
      await sleep(this.#host.clock, jitter(this.#host.random, RENEW_MS, 0.04), signal).catch(() => {});
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < MAX_FAST_RETRIES && !signal.aborted; attempt++) {
      try {
        await this.#write();
        return;
      } catch (error) {
        // Somebody else wrote it, or it is gone: begin from what is there.
        this.#lease = undefined;
        if (isStatus(error, "Conflict", "AlreadyExists")) continue;
        this.#host.log.warn("the node's lease could not be renewed", { error: messageOf(error) });
        // The namespace comes a moment after the API server; a busy server is given time.
        await sleep(this.#host.clock, FIRST_RETRY_MS * 2 ** attempt, signal).catch(() => {});
      }
    }
  }

  async #write(): Promise<void> {
    const leases = this.#client.resource(leaseKind);
    const name = this.#nodeName;
    this.#lease ??= await leases.get({ namespace: NAMESPACE, name }).catch((error: unknown) => {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    });
    const renewTime = formatMicroTime(this.#host.clock.now());
    const uid = this.#node()?.metadata?.uid;
    const spec = { ...this.#lease?.spec, holderIdentity: name, leaseDurationSeconds: DURATION_SECONDS, renewTime };
    // With its node the lease goes too.
    const owners = uid === undefined ? undefined : [{ apiVersion: "v1", kind: "Node", name, uid }];
    const metadata = { ...this.#lease?.metadata, name, namespace: NAMESPACE, ...(owners ? { ownerReferences: owners } : {}) };
    const lease: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    this.#lease = this.#lease === undefined ? await leases.create(lease) : await leases.update(lease);
  }
}
