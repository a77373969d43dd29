import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Endpoint, Route } from "./routing-table.ts";

/** How long a connection to a backend may take. */
export const CONNECT_MS = 5000;
/** Idle connections that are kept for each endpoint, and for how long: shorter than most servers keep theirs. */
const IDLE_CONNECTIONS = 32;
const IDLE_MS = 4000;

/** The connections to backends. */
export class BackendConnections {
  readonly http = new HttpAgent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_MS });
  // As with ingress-nginx, the certificates of backends are not checked: they name Services, not Pods.
  readonly https = new HttpsAgent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_MS, rejectUnauthorized: false });

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }
}

/** One attempt to send a request to one endpoint. */
interface Attempt {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string | string[]>;
  readonly route: Route;
  readonly endpoint: Endpoint;
  /** Called once connected: sends the body and ends the request. */
  readonly send: (request: ClientRequest) => void;
}

/** An attempt failed before an answer came. */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly isConnected: boolean;
  readonly isTimeout: boolean;

  constructor(cause: Error, isConnected: boolean, isTimeout: boolean) {
    super(cause.message, { cause });
    this.isConnected = isConnected;
    this.isTimeout = isTimeout;
  }
}

/** A backend's answer, or its agreement to another protocol. */
export interface BackendAnswer {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
  /** Bytes that came behind the agreement; absent for a plain answer. */
  readonly upgradeHead?: Buffer;
}

/**
 * Sends a request and resolves with the head of the answer. The body is sent only once there is a connection, so that until
 * then another endpoint can be tried.
 *
 * Errors: rejects with a {@link BackendError}.
 */
export function attemptRequest(connections: BackendConnections, attempt: Attempt): Promise<BackendAnswer> {
  const { method, target, headers, route, endpoint, send } = attempt;
  return new Promise((resolve, reject) => {
    const options = { host: endpoint.host, port: endpoint.port, method, path: target, headers, setHost: false };
    const request =
      route.protocol === "https" || route.protocol === "grpcs"
        ? httpsRequest({ ...options, agent: connections.https, servername: "" })
        : httpRequest({ ...options, agent: connections.http });
    let isConnected = false;
    let isTimeout = false;
    const timer = setTimeout(() => {
      isTimeout = true;
      request.destroy(new Error(`no connection within ${CONNECT_MS} ms`));
    }, CONNECT_MS);
    const connected = (): void => {
      clearTimeout(timer);
      isConnected = true;
      request.setTimeout(route.readTimeoutMs, () => {
        isTimeout = true;
        request.destroy(new Error(`no answer within ${route.readTimeoutMs} ms`));
      });
      send(request);
    };
    request.once("socket", (socket) => {
      if (socket.connecting) socket.once("connect", connected);
      else connected();
    });
    request.once("error", (error) => {
      clearTimeout(timer);
      reject(new BackendError(error, isConnected, isTimeout));
    });
    request.once("response", (response) => resolve({ request, response }));
    request.once("upgrade", (response, _socket, upgradeHead) => resolve({ request, response, upgradeHead }));
  });
}
