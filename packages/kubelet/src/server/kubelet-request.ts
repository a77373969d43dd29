/** Who asks. */
export interface KubeletUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** A request to the kubelet's server. */
export interface KubeletRequest {
  readonly method: string;
  /** Once decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** An answer. A body that is iterated is sent as it comes, and a client that does not read holds it up. */
export interface KubeletResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | AsyncIterable<Uint8Array>;
}

/** Plain text, with the line feed that Go's `http.Error` puts behind it. */
export function textResponse(status: number, message: string): KubeletResponse {
  return { status, contentType: "text/plain; charset=utf-8", body: `${message}\n` };
}

/** Any value as JSON. */
export function jsonResponse(value: unknown): KubeletResponse {
  return { status: 200, contentType: "application/json", body: JSON.stringify(value) };
}

/** A failure that the client is told of. */
export class KubeletRequestError extends Error {
  override readonly name = "KubeletRequestError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
