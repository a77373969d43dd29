import type { ApiRequest, ApiResponse, WatchEvent, WatchHandle } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { UpgradedConnection } from "@skiff/client";
import type { KubectlTransport } from "./io.ts";
import { KubectlError } from "./kubectl-error.ts";

/** From this `-v` on each request is shown, as kubectl does. */
const REQUEST_VERBOSITY = 6;

/** Options of a {@link ReportingTransport}. */
interface ReportingOptions {
  readonly host: Host;
  readonly server: string;
  readonly verbosity: number;
  /** For requests that are no streams; 0: no limit. */
  readonly timeoutMs: number;
  readonly report: (text: string) => void;
}

/** A transport that prints the server's warnings (each once), shows requests with `-v=6` and limits their time. */
export class ReportingTransport implements KubectlTransport {
  readonly #inner: KubectlTransport;
  readonly #options: ReportingOptions;
  readonly #warned = new Set<string>();

  constructor(inner: KubectlTransport, options: ReportingOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const { host, timeoutMs } = this.#options;
    const startMs = host.clock.monotonic();
    const limit = new AbortController();
    const timer =
      timeoutMs > 0
        ? host.clock.setTimeout(() => limit.abort(new KubectlError("net/http: request canceled (timeout)")), timeoutMs)
        : undefined;
    const signals = [limit.signal, ...(request.signal ? [request.signal] : [])];
    try {
      const response = await this.#inner.request({ ...request, signal: AbortSignal.any(signals) });
      this.#show(request, `${response.status}`, host.clock.monotonic() - startMs);
      this.#warn(response.headers.warning);
      return response;
    } catch (error) {
      this.#show(request, (error as Error).name, host.clock.monotonic() - startMs);
      if (limit.signal.aborted) throw limit.signal.reason;
      throw error;
    } finally {
      timer?.cancel();
    }
  }

  async watch(request: ApiRequest, onEvents: (events: readonly WatchEvent[]) => void): Promise<WatchHandle> {
    return this.#inner.watch(request, onEvents);
  }

  async stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
    return this.#inner.stream(request);
  }

  get openUpgrade(): ((request: ApiRequest, protocol: string) => Promise<UpgradedConnection>) | undefined {
    const inner = this.#inner;
    return inner.openUpgrade === undefined ? undefined : (request, protocol) => inner.openUpgrade!(request, protocol);
  }

  close(): void {
    this.#inner.close?.();
  }

  #show({ method, path }: ApiRequest, outcome: string, durationMs: number): void {
    if (this.#options.verbosity < REQUEST_VERBOSITY) return;
    this.#options.report(`${method} ${this.#options.server}${path} ${outcome} in ${Math.round(durationMs)} milliseconds`);
  }

  #warn(header: string | undefined): void {
    for (const match of (header ?? "").matchAll(/299 \S+ "((?:\\.|[^"\\])*)"/g)) {
      const text = (match[1] ?? "").replace(/\\(.)/g, "$1");
      if (this.#warned.has(text)) continue;
      this.#warned.add(text);
      this.#options.report(`Warning: ${text}`);
    }
  }
}
