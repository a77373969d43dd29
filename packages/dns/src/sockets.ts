/** A message that came in, and the way back. */
export interface DnsRequest {
  readonly message: Uint8Array;
  /** UDP answers are limited in size. */
  readonly transport: "udp" | "tcp";
  reply(message: Uint8Array): void;
}

/** The sockets that DNS needs; the server itself touches none. */
export interface DnsSockets {
  /**
   * Listens on UDP and TCP at the same port of `address`. Port 0 chooses a free one. Answers the port.
   * Errors: rejects when the address is in use.
   */
  listen(address: string, port: number, onRequest: (request: DnsRequest) => void): Promise<number>;
  /** Sends a question to a server and resolves with its answer. Errors: rejects after `timeoutMs`, or when refused. */
  exchange(server: string, message: Uint8Array, transport: "udp" | "tcp", timeoutMs: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
