import * as https from "node:https";
import { connect, type ConnectionOptions } from "node:tls";
import { type Host, silentLogger, systemClock, systemRandom } from "@skiff/base";
import { Client } from "@skiff/client";
import { MemoryStore } from "@skiff/store";
import { TokenIssuer } from "../../authn/token-issuer.ts";
import { ensureSystemObjects } from "../../bootstrap/system-objects.ts";
import { createApiServer, type ApiServer } from "../../create-api-server.ts";
import type { FrontLimits } from "../../front/front-limits.ts";
import { createHttpsFront, type HttpsFront } from "../../front/https-front.ts";
import { ClusterPki } from "../../pki/cluster-pki.ts";
import { PeerCertificateVerifier } from "../../pki/peer-certificate.ts";
import { generateKeyPair, type KeyPair } from "../../pki/node-crypto.ts";
import { WorkerYamlDecoder } from "../../ports/node-yaml-decoder.ts";
import { fullServer } from "../full-server.ts";
import { RecordingConnector } from "../recording-connector.ts";
import { buildYamlWorker } from "../yaml-worker-program.ts";
import type { Answer, HttpInput, RawInput, Sender } from "./bad-input.ts";

/** So that tests need not wait long for a client that is slow on purpose. */
const SHORT_LIMITS: Partial<FrontLimits> = { headersTimeoutMs: 300, requestTimeoutMs: 600 };
/** How many connections the smallest front takes. */
export const FEW_CONNECTIONS = 20;

const HOST: Host = { clock: systemClock, random: systemRandom, log: silentLogger };
const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** A real API server behind two real fronts, and clients of several kinds. The store is in memory, the nodes are played. */
export class Lab {
  readonly server: ApiServer;
  readonly store: MemoryStore;
  readonly pki: ClusterPki;
  readonly nodes: RecordingConnector;
  readonly serviceAccountKey: KeyPair;
  readonly issuer: TokenIssuer;
  /** For everything that goes around the wire. */
  readonly client: Client;
  port = 0;
  /** A front that does not wait long for slow clients. */
  shortPort = 0;
  /** A front that takes {@link FEW_CONNECTIONS} only. */
  smallPort = 0;
  readonly #fronts: HttpsFront[] = [];
  readonly #atEnd: (() => void)[] = [];
  readonly #agents = new Map<Sender, https.Agent>();

  static async start(): Promise<Lab> {
    const store = new MemoryStore();
    const nodes = new RecordingConnector();
    const serviceAccountKey = generateKeyPair();
    const worker = await buildYamlWorker();
    const yaml = new WorkerYamlDecoder({ clock: HOST.clock, program: worker.program });
    const server = await createApiServer({
      host: HOST,
      store,
      historyLimits: { maxEvents: 64 },
      yaml,
      compose: fullServer({ connector: nodes, serviceAccountKey }),
    });
    const lab = new Lab(server, store, nodes, serviceAccountKey);
    lab.#atEnd.push(
      () => yaml.stop(),
      () => worker.remove(),
    );
    await ensureSystemObjects(lab.client, HOST.clock);
    lab.port = await lab.#listen({});
    lab.shortPort = await lab.#listen(SHORT_LIMITS);
    lab.smallPort = await lab.#listen({ maxConnections: FEW_CONNECTIONS });
    return lab;
  }

  private constructor(server: ApiServer, store: MemoryStore, nodes: RecordingConnector, serviceAccountKey: KeyPair) {
    this.server = server;
    this.store = store;
    this.nodes = nodes;
    this.serviceAccountKey = serviceAccountKey;
    this.pki = new ClusterPki(HOST, { apiServerIps: ["127.0.0.1"] });
    this.client = new Client(server.transport({ name: "system:apiserver", groups: ["system:masters"] }));
    this.issuer = new TokenIssuer(HOST, server.reader, { issuer: ISSUER, key: serviceAccountKey, apiAudiences: [ISSUER] });
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents.values()) agent.destroy();
    for (const front of this.#fronts) await front.close(0);
    this.server.stop();
    await this.store.close();
    for (const end of this.#atEnd) end();
  }

  /** Sends one request and answers what comes back; a connection that was cut is status 0. */
  send(input: HttpInput, port = this.port): Promise<Answer> {
    const { method = "GET", path, body, headers = {}, as = "admin" } = input;
    const bytes = body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    const length = bytes === undefined ? {} : { "content-length": String(Buffer.byteLength(bytes)) };
    const type = bytes === undefined || "content-type" in headers ? {} : { "content-type": "application/json" };
    return new Promise((resolve) => {
      const request = https.request(
        {
          host: "127.0.0.1",
          port,
          path,
          method,
          headers: { ...length, ...type, ...headers } as https.RequestOptions["headers"],
          agent: this.#agent(as),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", () => resolve({ status: 0, headers: {}, text: "" }));
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      request.on("error", () => {
        // The server may have closed a connection that was kept open in the very moment in which it was used again.
        if (request.reusedSocket) resolve(this.send(input, port));
        else resolve({ status: 0, headers: {}, text: "" });
      });
      request.end(bytes);
    });
  }

  /** Sends bytes as they are. Answers what came until the server closed the connection, the first answer taken apart. */
  async raw({ raw }: RawInput, port = this.port, options: ConnectionOptions = {}): Promise<Answer> {
    const bytes = await new Promise<Buffer>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port, ...this.#identity("admin"), ...options }, () => socket.write(raw, "latin1"));
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.on("error", () => {});
      socket.on("close", () => resolve(Buffer.concat(chunks)));
    });
    const text = bytes.toString();
    const [, status = "0"] = /^HTTP\/1\.[01] (\d{3}) /.exec(text) ?? [];
    return { status: Number(status), headers: {}, text: text.slice(text.indexOf("\r\n\r\n") + 4) };
  }

  /** TLS options that show who somebody is. */
  #identity(sender: Sender): { readonly ca: string; readonly cert?: string; readonly key?: string } {
    const ca = this.pki.authority.certificatePem;
    if (sender === "nobody") return { ca };
    const pki = sender === "stranger" ? new ClusterPki(HOST) : this.pki;
    const { certificatePem, privateKeyPem } = pki.issueClientCertificate(...IDENTITIES[sender]);
    return { ca, cert: certificatePem, key: privateKeyPem };
  }

  #agent(sender: Sender): https.Agent {
    let agent = this.#agents.get(sender);
    if (agent === undefined) {
      agent = new https.Agent({ keepAlive: true, maxSockets: 8, checkServerIdentity: () => undefined, ...this.#identity(sender) });
      this.#agents.set(sender, agent);
    }
    return agent;
  }

  async #listen(limits: Partial<FrontLimits>): Promise<number> {
    const authorityPem = this.pki.authority.certificatePem;
    const front = createHttpsFront({
      host: HOST,
      server: this.server,
      certificate: () => this.pki.apiServer,
      clientAuthorities: [authorityPem],
      verifier: new PeerCertificateVerifier(HOST.clock, authorityPem),
      limits,
    });
    this.#fronts.push(front);
    return front.listen(0, "127.0.0.1");
  }
}

const IDENTITIES: Readonly<Record<Exclude<Sender, "nobody">, [name: string, groups: string[]]>> = {
  admin: ["admin", ["system:masters"]],
  jane: ["jane", ["dev"]],
  node: ["system:node:node-a", ["system:nodes"]],
  stranger: ["admin", ["system:masters"]],
};
