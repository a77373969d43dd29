/** What the front takes from clients, and for how long it waits for them. */
export interface FrontLimits {
  /** Further connections are refused. Default 10,000. */
  readonly maxConnections: number;
  /** Larger bodies: 413. Default 3 MiB, as upstream's. */
  readonly maxBodyBytes: number;
  /** Longer paths with their queries: 414. Default 8 KiB. */
  readonly maxUrlBytes: number;
  /** Larger headers, the request line included: 431. Default 16 KiB. */
  readonly maxHeaderBytes: number;
  /** Headers that are not there after this time: 408. Default 10 s. */
  readonly headersTimeoutMs: number;
  /** Requests whose body is not there after this time: 408. Default 60 s. */
  readonly requestTimeoutMs: number;
  /** Connections without a request are closed after this time. Default 90 s. */
  readonly keepAliveTimeoutMs: number;
  /** Answers whose client takes nothing for this time are given up. Default 60 s. */
  readonly writeIdleTimeoutMs: number;
  /** A watcher that leaves more than this unread, beside the initial objects, is ended. Default 16 MiB. */
  readonly watchBufferBytes: number;
}

export const DEFAULT_FRONT_LIMITS: FrontLimits = {
  maxConnections: 10_000,
  maxBodyBytes: 3 * 1024 * 1024,
  maxUrlBytes: 8 * 1024,
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 90_000,
  writeIdleTimeoutMs: 60_000,
  watchBufferBytes: 16 * 1024 * 1024,
};
