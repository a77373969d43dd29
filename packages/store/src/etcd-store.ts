import type { Clock } from "@skiff/base";
import { EtcdConnection, type EtcdTls } from "./etcd-connection.ts";
import { EtcdCompactedError } from "./etcd-errors.ts";
import {
  decodeRangeResponse,
  decodeTxnResponse,
  encodeCompactionRequest,
  encodeRangeRequest,
  encodeTxnRequest,
} from "./etcd-kv-messages.ts";
import { EtcdWatch } from "./etcd-watch.ts";
import { OPEN_END } from "./sort-key.ts";
import {
  CompactedError,
  prefixEnd,
  StoreUnavailableError,
  type Operation,
  type RangeRequest,
  type RangeResponse,
  type Store,
  type StoreWatch,
  type StoreWatchRequest,
  type TxnRequest,
  type TxnResponse,
} from "./store.ts";
import { assertTxn } from "./txn-evaluation.ts";

/** How long a call may take unless told otherwise. etcd itself gives up after about seven seconds without a quorum. */
const TIMEOUT_MS = 10_000;
/** The lowest key there can be: etcd refuses the empty one. */
const LOWEST_KEY = "\0";

/** How to reach etcd, and which part of it is ours. */
interface EtcdStoreOptions {
  /** The members' client URLs: `https://host:2379`, or `http://` without TLS. At least one. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  /** Put before every key, so that several clusters can share one etcd. Default: nothing. */
  readonly prefix?: string;
  /** How long a call may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
}

/**
 * The store in an etcd v3 cluster (3.6 or newer), over gRPC.
 *
 * Guarantees: those of the port. Reads are linearizable, so that several API servers may share one etcd. Watches outlive
 * the loss of a connection or of a member, without a gap or a repetition; see {@link EtcdWatch}.
 *
 * Caveats: the revision counts the changes of all that is in etcd, not only of what is under the prefix. A watch without
 * a start begins at the revision that etcd has when it hears of the watch. etcd refuses requests of more than 1.5 MiB and
 * answers them with a `StoreUnavailableError`.
 */
export class EtcdStore implements Store {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #watches = new Set<EtcdWatch>();
  #closed = false;

  private constructor(options: EtcdStoreOptions) {
    const { endpoints, tls, clock, timeoutMs = TIMEOUT_MS } = options;
    this.#connection = new EtcdConnection({ endpoints, tls, clock, timeoutMs });
    this.#clock = clock;
    this.#prefix = options.prefix ?? "";
  }

  /** Connects to etcd. Errors: `StoreUnavailableError` when no member answers in time. */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const store = new EtcdStore(options);
    try {
      await store.currentRevision();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async range(request: RangeRequest): Promise<RangeResponse> {
    const answer = await this.#call("Range", encodeRangeRequest(this.#prefixed(request)), true);
    return decodeRangeResponse(answer, this.#prefix);
  }

  async txn(request: TxnRequest): Promise<TxnResponse> {
    this.#assertOpen();
    assertTxn(request);
    const { compare, success, failure = [] } = request;
    const encoded = encodeTxnRequest({
      compare: compare.map((one) => ({ ...one, key: this.#prefix + one.key })),
      success: success.map((operation) => this.#prefixed<Operation>(operation)),
      failure: failure.map((operation) => this.#prefixed<Operation>(operation)),
    });
    const branches = [...success, ...failure];
    const answer = await this.#call(
      "Txn",
      encoded,
      branches.every(({ type }) => type === "range"),
    );
    return decodeTxnResponse(answer, this.#prefix);
  }

  watch(request: StoreWatchRequest): StoreWatch {
    this.#assertOpen();
    const watch = new EtcdWatch({
      connection: this.#connection,
      clock: this.#clock,
      prefix: this.#prefix,
      request: this.#prefixed(request),
      currentRevision: () => this.currentRevision(),
      onClosed: (closed) => this.#watches.delete(closed),
    });
    this.#watches.add(watch);
    return watch;
  }

  async compact(revision: number): Promise<void> {
    await this.#call("Compact", encodeCompactionRequest(revision), false);
  }

  async currentRevision(): Promise<number> {
    return (await this.range({ key: LOWEST_KEY, countOnly: true })).revision;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) watch.close();
    this.#connection.close();
  }

  async #call(method: string, request: Buffer, reads: boolean): Promise<Buffer> {
    try {
      return await this.#connection.call(`/etcdserverpb.KV/${method}`, request, reads);
    } catch (error) {
      if (error instanceof EtcdCompactedError) throw new CompactedError(await this.#compactRevision());
      throw error;
    }
  }

  /** The oldest revision that can be read. etcd tells it only to a watch that starts before it. */
  #compactRevision(): Promise<number> {
    return new Promise((resolve, reject) => {
      const watch = this.watch({
        key: LOWEST_KEY,
        startRevision: 1,
        onBatch: () => {},
        onError: (error) => {
          timer.cancel();
          if (error instanceof CompactedError) resolve(error.compactRevision);
          else reject(error);
        },
      });
      const timer = this.#clock.setTimeout(() => {
        watch.close();
        reject(new StoreUnavailableError("the revision has been compacted, and etcd does not say which one is the oldest left"));
      }, TIMEOUT_MS);
    });
  }

  /** The request with its keys as etcd has them. */
  #prefixed<R extends { readonly key: string; readonly end?: string }>(request: R): R {
    const key = this.#prefix + request.key || LOWEST_KEY;
    if (!("end" in request) || request.end === undefined) return { ...request, key };
    const end = request.end === OPEN_END && this.#prefix !== "" ? prefixEnd(this.#prefix) : this.#prefix + request.end;
    return { ...request, key, end };
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreUnavailableError("the store is closed");
  }
}
