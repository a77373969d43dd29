import type { Duplex } from "node:stream";

/** Where a connection goes: to the kubelet of a node, straight to an address, as the proxies of Pods and Services do, or to an extension server. */
export type ConnectTarget =
  | { readonly type: "kubelet"; readonly nodeName: string }
  | { readonly type: "address"; readonly scheme: "http" | "https"; readonly host: string; readonly port: number }
  | {
      readonly type: "extension";
      readonly host: string;
      readonly port: number;
      /** The name that its certificate must show. */
      readonly serverName: string;
      /** Whose certificates it must show, PEM; absent: the system's authorities. */
      readonly authorityPem?: string;
      /** True: any certificate will do. */
      readonly insecure: boolean;
    };

/** A request to pass on. */
export interface ConnectRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Percent-encoded, without the `?`; empty for none. */
  readonly query: string;
  /** Lower-case names; a list is sent as several headers of that name. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: Uint8Array;
  /** Aborted when the client goes away; ends the connection. */
  readonly signal?: AbortSignal;
}

/** An answer. Its body is read at the pace of whoever iterates it; leaving the iteration ends the connection. */
export interface ConnectResponse {
  readonly status: number;
  /** Lower-case names; several values of one header are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A connection that changed its protocol. The caller owns `stream`. */
export interface UpgradedConnection {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Duplex;
}

/**
 * How the API server reaches nodes and Pods.
 *
 * Errors: a {@link NodeUnreachableError} when nobody was reached; answers of any status are answers.
 */
export interface NodeConnector {
  request(target: ConnectTarget, request: ConnectRequest): Promise<ConnectResponse>;
  /** Asks for a change of protocol. Answers a plain response when the other side refuses. */
  upgrade(target: ConnectTarget, request: ConnectRequest): Promise<UpgradedConnection | ConnectResponse>;
}

/** A node, Pod or Service could not be reached. The message is for the client: it names the address and the cause. */
export class NodeUnreachableError extends Error {
  override readonly name = "NodeUnreachableError";
}
