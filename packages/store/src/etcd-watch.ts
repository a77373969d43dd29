import { status, type ServiceError } from "@grpc/grpc-js";
import { sleep, type Clock } from "@skiff/base";
import type { EtcdConnection, EtcdStream } from "./etcd-connection.ts";
import { fromServiceError } from "./etcd-errors.ts";
import { decodeWatchResponse, encodeWatchCreate, encodeWatchProgress, type WatchResponse } from "./etcd-watch-messages.ts";
import { CompactedError, StoreUnavailableError, type StoreEvent, type StoreWatch, type StoreWatchRequest } from "./store.ts";

const METHOD = "/etcdserverpb.Watch/Watch";

/** Wait before the first attempt to connect again; doubled by each that fails, up to {@link RETRY_LAST_MS}. */
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 2_000;
/** After so long without a connection the watch ends with an error: whoever watches should know by then. */
const LOST_MS = 60_000;
/** etcd does not answer a request for progress while a watch catches up, so that it is asked again after this time. */
const PROGRESS_RETRY_MS = 100;

/** What a watch needs from its store. */
interface EtcdWatchOptions {
  readonly connection: EtcdConnection;
  readonly clock: Clock;
  /** Put before all keys in etcd. */
  readonly prefix: string;
  /** The request with its keys as etcd has them. */
  readonly request: StoreWatchRequest;
  /** The newest revision, by a linearizable read. */
  readonly currentRevision: () => Promise<number>;
  /** Called once, when the watch is over. */
  readonly onClosed: (watch: EtcdWatch) => void;
}

/**
 * A watch on etcd that survives the loss of its connection.
 *
 * Guarantees: each event is delivered once and in order, however often the connection is lost, since the watch always
 * begins at a revision: after a loss, at the one after the last that was delivered whole. Each watch has a stream of its
 * own; at most the events of one revision are held back, while they come in fragments.
 */
export class EtcdWatch implements StoreWatch {
  readonly #options: EtcdWatchOptions;
  readonly #closed = new AbortController();
  #stream: EtcdStream["stream"] | undefined;
  /** The first revision that is still to be delivered; 0: not known yet. */
  #next: number;
  /** Resolves when {@link EtcdWatch.#next} is known, or will never be. */
  readonly #started: Promise<void>;
  readonly #onStarted: () => void;
  /** Everything up to here was delivered or vouched for. */
  #seen = 0;
  /** The events of a revision that is still coming in. */
  #partial: StoreEvent[] = [];
  /** How many requests for progress are not answered. */
  #progressAsked = 0;
  #askingProgress = false;
  /** Set while an answer to a request for progress is waited for: called with the revision of each batch. */
  #onProgress: ((revision: number) => void) | undefined;

  constructor(options: EtcdWatchOptions) {
    this.#options = options;
    this.#next = options.request.startRevision ?? 0;
    let onStarted = (): void => {};
    this.#started = new Promise((resolve) => (onStarted = resolve));
    this.#onStarted = onStarted;
    void this.#run();
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new StoreUnavailableError("the watch is closed"));
    this.#stream?.cancel();
    this.#onStarted();
    this.#options.onClosed(this);
  }

  requestProgress(): void {
    this.#progressAsked++;
    if (this.#askingProgress) return;
    this.#askingProgress = true;
    void this.#askProgress();
  }

  /** Keeps a stream open until the watch is closed or cannot go on. Never rejects. */
  async #run(): Promise<void> {
    const { clock } = this.#options;
    let retryMs = RETRY_FIRST_MS;
    let lostSince: number | undefined;
    while (!this.#isClosed()) {
      try {
        // Without a start, the watch starts now: with a revision, so that a loss of the connection cannot make a gap.
        if (this.#next === 0) this.#next = (await this.#options.currentRevision()) + 1;
        if (this.#isClosed()) return;
        this.#onStarted();
        await this.#follow(() => {
          lostSince = undefined;
          retryMs = RETRY_FIRST_MS;
        });
        return;
      } catch (error) {
        if (this.#isClosed()) return;
        lostSince ??= clock.monotonic();
        if (!isPassing(error) || clock.monotonic() - lostSince > LOST_MS) {
          this.#fail(error as Error);
          return;
        }
      }
      await sleep(clock, retryMs, this.#closed.signal).catch(() => {});
      retryMs = Math.min(retryMs * 2, RETRY_LAST_MS);
    }
  }

  /** Opens a stream and hands on what comes. Rejects when the stream ends; never resolves. */
  async #follow(onAlive: () => void): Promise<void> {
    const { connection, prefix, request } = this.#options;
    const { stream, leave } = connection.stream(METHOD);
    this.#stream = stream;
    this.#partial = [];
    const ended = new Promise<void>((_resolve, reject) => {
      stream.on("data", (bytes: Buffer) => {
        if (this.#isClosed()) return;
        try {
          const response = decodeWatchResponse(bytes, prefix);
          onAlive();
          this.#onResponse(response);
        } catch (error) {
          stream.cancel();
          reject(error as Error);
        }
      });
      stream.on("error", (error: ServiceError) => reject(fromServiceError(error, METHOD)));
      stream.on("end", () => reject(new StoreUnavailableError("etcd ended the watch")));
      const { key, end, previous = false } = request;
      stream.write(encodeWatchCreate({ key, end, startRevision: this.#next, previous }));
    });
    try {
      await ended;
    } finally {
      this.#stream = undefined;
      leave();
    }
  }

  /** Errors: throws when etcd has cancelled the watch. */
  #onResponse(response: WatchResponse): void {
    const { canceled, compactRevision, cancelReason, fragment, events, revision } = response;
    if (compactRevision > 0) throw new CompactedError(compactRevision);
    if (canceled) throw new WatchRefusedError(`etcd cancelled the watch: ${cancelReason || "no reason given"}`);
    if (events.length === 0) {
      // The answer to a creation says nothing about what was delivered; everything else without events is progress.
      if (!response.created && !fragment) this.#deliver(revision, []);
      return;
    }
    for (const event of events) if (event.kv.modRevision >= this.#next) this.#partial.push(event);
    const last = events.at(-1)!.kv.modRevision;
    const whole = fragment ? this.#partial.filter(({ kv }) => kv.modRevision < last) : this.#partial;
    this.#partial = fragment ? this.#partial.filter(({ kv }) => kv.modRevision === last) : [];
    // The revision of the response may be past what it delivers, when the watch is still catching up.
    if (whole.length > 0) this.#deliver(whole.at(-1)!.kv.modRevision, whole);
  }

  #deliver(revision: number, events: readonly StoreEvent[]): void {
    if (this.#isClosed()) return;
    // A member that lags behind may vouch for less than another one has delivered.
    if (revision < this.#seen) return;
    this.#seen = revision;
    this.#next = Math.max(this.#next, revision + 1);
    this.#options.request.onBatch({ revision, events });
    this.#onProgress?.(revision);
  }

  /**
   * Asks until a batch has carried the revision that was the newest when progress was asked for. A single question is
   * not enough: etcd answers none while the watch catches up, and the member that answers may itself lag behind.
   */
  async #askProgress(): Promise<void> {
    const { clock, currentRevision } = this.#options;
    while (this.#progressAsked > 0 && !this.#isClosed()) {
      const asked = this.#progressAsked;
      try {
        const target = await currentRevision();
        await this.#started;
        // etcd does not answer a watch that has nothing to deliver up to now; that can be told without it.
        if (this.#next > target) this.#deliver(Math.max(target, this.#seen), []);
        else while (!(await this.#progressTo(target)) && !this.#isClosed());
        this.#progressAsked -= asked;
      } catch {
        // No connection: asked again once there is one.
        await sleep(clock, PROGRESS_RETRY_MS, this.#closed.signal).catch(() => {});
      }
    }
    this.#askingProgress = false;
  }

  /** Asks once; answers whether a batch up to `target` or past it came soon. */
  #progressTo(target: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        timer.cancel();
        this.#onProgress = undefined;
        this.#closed.signal.removeEventListener("abort", onAbort);
        resolve(reached);
      };
      const onAbort = (): void => settle(false);
      const timer = this.#options.clock.setTimeout(() => settle(false), PROGRESS_RETRY_MS);
      this.#closed.signal.addEventListener("abort", onAbort, { once: true });
      this.#onProgress = (revision) => {
        if (revision >= target) settle(true);
      };
      this.#stream?.write(encodeWatchProgress());
    });
  }

  #fail(error: Error): void {
    this.close();
    this.#options.request.onError(error);
  }

  #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }
}

/** etcd has refused or cancelled the watch; another attempt would fare no better. */
class WatchRefusedError extends StoreUnavailableError {}

/** Whether the watch may go on after `error`, with another stream. */
function isPassing(error: unknown): boolean {
  if (error instanceof WatchRefusedError || !(error instanceof StoreUnavailableError)) return false;
  const code = (error.cause as Partial<ServiceError> | undefined)?.code;
  return code !== status.PERMISSION_DENIED && code !== status.UNAUTHENTICATED && code !== status.UNIMPLEMENTED;
}
