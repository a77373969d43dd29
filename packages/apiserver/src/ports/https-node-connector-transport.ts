import * as http from "node:http";
import * as https from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf, type Clock } from "@skiff/base";
import type { Node } from "@skiff/api";
import type { CertificateAndKey } from "../pki/certificate-authority.ts";
import {
  NodeUnreachableError,
  type ConnectRequest,
  type ConnectResponse,
  type ConnectTarget,
  type NodeConnector,
  type UpgradedConnection,
} from "./node-connector.ts";

/** How long a connection may take to come about. */
const CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_KUBELET_PORT = 10_250;
const MAX_HEADER_BYTES = 64 * 1024;
/** Of a node's addresses the first of these types that it has. */
const ADDRESS_TYPES = ["InternalIP", "ExternalIP", "InternalDNS", "Hostname", "ExternalDNS"];

/** What the connector needs. */
interface HttpsNodeConnectorOptions {
  readonly clock: Clock;
  /** The node as it is now; `undefined` when there is none of that name. */
  readonly nodeOf: (name: string) => Node | undefined;
  /** Whose certificates kubelets must show, PEM. */
  readonly authorityPem: string;
  /** What this server shows to kubelets; asked for each connection, because certificates are renewed. */
  readonly clientCertificate: () => CertificateAndKey;
  /** What this server shows to extension servers; absent: nothing. */
  readonly frontProxyCertificate?: () => CertificateAndKey;
}

/** Reaches kubelets over HTTPS with a client certificate, and everything else over plain HTTP or unverified HTTPS. */
export class HttpsNodeConnector implements NodeConnector {
  readonly #options: HttpsNodeConnectorOptions;

  constructor(options: HttpsNodeConnectorOptions) {
    this.#options = options;
  }

  request(target: ConnectTarget, request: ConnectRequest): Promise<ConnectResponse> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(target, request, reject);
      outgoing.once("response", (response) => resolve(answerOf(response)));
      outgoing.end(request.body);
    });
  }

  upgrade(target: ConnectTarget, request: ConnectRequest): Promise<UpgradedConnection | ConnectResponse> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(target, request, reject);
      outgoing.once("response", (response) => resolve(answerOf(response)));
      outgoing.once("upgrade", (response: http.IncomingMessage, stream: Duplex, head: Buffer) => {
        if (head.length > 0) stream.unshift(head);
        // Until its new owner listens, a connection that breaks must not end the process.
        stream.on("error", () => stream.destroy());
        resolve({ status: response.statusCode ?? 101, headers: headersOf(response), stream });
      });
      outgoing.end(request.body);
    });
  }

  #open(target: ConnectTarget, request: ConnectRequest, reject: (error: Error) => void): http.ClientRequest {
    const { method, headers, signal } = request;
    const path = request.query === "" ? request.path : `${request.path}?${request.query}`;
    const base: https.RequestOptions = { method, path, headers, signal, agent: false, maxHeaderSize: MAX_HEADER_BYTES };
    const { options, scheme, where } = this.#destinationOf(target);
    const outgoing = (scheme === "https" ? https : http).request({ ...base, ...options });
    const timer = this.#options.clock.setTimeout(() => {
      outgoing.destroy(new Error(`dial tcp ${where}: i/o timeout`));
    }, CONNECT_TIMEOUT_MS);
    outgoing.once("socket", (socket) => {
      socket.once(scheme === "https" ? "secureConnect" : "connect", () => timer.cancel());
    });
    outgoing.once("close", () => timer.cancel());
    // Stays attached: an error after the answer has begun breaks the answer's body, which tells whoever reads it.
    outgoing.on("error", (error) => {
      timer.cancel();
      reject(new NodeUnreachableError(`${method} "${scheme}://${where}${request.path}": ${messageOf(error)}`, { cause: error }));
    });
    return outgoing;
  }

  #destinationOf(target: ConnectTarget): Destination {
    if (target.type === "kubelet") return this.#kubelet(target.nodeName);
    return target.type === "extension" ? this.#extension(target) : direct(target);
  }

  #extension({ host, port, serverName, authorityPem, insecure }: ConnectTarget & { readonly type: "extension" }): Destination {
    const shown = this.#options.frontProxyCertificate?.();
    const tls = {
      servername: serverName,
      rejectUnauthorized: !insecure,
      // The bundle of an APIService may hold the server's own certificate in the place of its authority's.
      ...(authorityPem === undefined ? {} : { ca: authorityPem, allowPartialTrustChain: true }),
      ...(shown === undefined ? {} : { cert: shown.certificatePem, key: shown.privateKeyPem }),
    };
    return { scheme: "https", where: authorityOf(host, port), options: { host, port, ...tls } };
  }

  #kubelet(nodeName: string): Destination {
    const node = this.#options.nodeOf(nodeName);
    if (node === undefined) throw new NodeUnreachableError(`nodes "${nodeName}" not found`);
    const addresses = node.status?.addresses ?? [];
    const host = ADDRESS_TYPES.map((type) => addresses.find((address) => address.type === type)?.address).find(
      (each) => each !== undefined,
    );
    if (host === undefined) throw new NodeUnreachableError(`no preferred addresses found; known addresses: []`);
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || DEFAULT_KUBELET_PORT;
    const { certificatePem, privateKeyPem } = this.#options.clientCertificate();
    const tls = { ca: this.#options.authorityPem, cert: certificatePem, key: privateKeyPem, servername: nodeName };
    return { scheme: "https", where: authorityOf(host, port), options: { host, port, ...tls } };
  }
}

interface Destination {
  readonly scheme: "http" | "https";
  readonly where: string;
  readonly options: https.RequestOptions;
}

/** Pods show whatever certificates they have; upstream's proxies do not verify them either. */
function direct({ scheme, host, port }: ConnectTarget & { readonly type: "address" }): Destination {
  return { scheme, where: authorityOf(host, port), options: { host, port, rejectUnauthorized: false } };
}

function authorityOf(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function answerOf(response: http.IncomingMessage): ConnectResponse {
  return { status: response.statusCode ?? 502, headers: headersOf(response), body: response };
}

function headersOf(response: http.IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}
