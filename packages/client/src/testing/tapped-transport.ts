import type { ApiRequest, ApiResponse, Transport, WatchEvent, WatchHandle } from "@skiff/api";

interface OpenWatch {
  readonly handle: WatchHandle;
  readonly end: (error: Error | undefined) => void;
}

/** A transport that passes everything on to another one, shows what passes, and can break. */
export class TappedTransport implements Transport {
  readonly #inner: Transport;
  readonly #watches = new Set<OpenWatch>();
  /** Every write that was asked for, in order. */
  readonly writes: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  /** Called first with every request; what it throws is the answer. */
  intercept: (request: ApiRequest) => void = () => {};

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  // The callers of a transport may count on a rejection in place of an exception.
  async request(request: ApiRequest): Promise<ApiResponse> {
    if (request.method !== "GET") this.writes.push({ method: request.method, path: request.path, body: request.body });
    this.intercept(request);
    return this.#inner.request(request);
  }

  async stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
    this.intercept(request);
    return this.#inner.stream(request);
  }

  async watch(request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): Promise<WatchHandle> {
    this.intercept(request);
    const handle = await this.#inner.watch(request, onEvents);
    let end: OpenWatch["end"] = () => {};
    const cut = new Promise<void>((resolve, reject) => (end = (error) => (error ? reject(error) : resolve())));
    const open = { handle, end };
    this.#watches.add(open);
    const ended = Promise.race([handle.ended, cut]).finally(() => this.#watches.delete(open));
    ended.catch(() => {});
    return {
      ended,
      close: () => {
        this.#watches.delete(open);
        handle.close();
      },
    };
  }

  /** Ends all watches that are open: in order, or with an error as a broken connection does. */
  endWatches(error?: Error): void {
    for (const { handle, end } of this.#watches) {
      handle.close();
      end(error);
    }
    this.#watches.clear();
  }
}
