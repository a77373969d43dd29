import { silentLogger, systemClock, systemRandom, type Host } from "@skiff/base";
import { Client } from "@skiff/client";
import { MemoryStore } from "@skiff/store";
import { ensureSystemObjects } from "../bootstrap/system-objects.ts";
import { createApiServer, type ApiServer } from "../create-api-server.ts";
import { createHttpsFront } from "../front/https-front.ts";
import { ClusterPki } from "../pki/cluster-pki.ts";
import { PeerCertificateVerifier } from "../pki/peer-certificate.ts";
import { NodeUnreachableError } from "../ports/node-connector.ts";
import { fullServer } from "./full-server.ts";

/** An API server behind HTTPS on a free port of 127.0.0.1, with everything but nodes and controllers, in real time. */
export interface HttpsTestServer {
  readonly server: ApiServer;
  readonly url: string;
  readonly pki: ClusterPki;
  /** A kubeconfig (JSON, which is YAML) for the user; default: an administrator. */
  kubeconfig(user?: string, groups?: readonly string[]): string;
  stop(): Promise<void>;
}

/** Starts one: for tests that drive other people's clients. */
export async function startHttpsTestServer(
  host: Host = { clock: systemClock, random: systemRandom, log: silentLogger },
): Promise<HttpsTestServer> {
  const pki = new ClusterPki(host);
  const store = new MemoryStore();
  const server = await createApiServer({
    host,
    store,
    compose: fullServer({ connector: { request: noNodes, upgrade: noNodes } }),
  });
  const client = new Client(server.transport({ name: "system:apiserver", groups: ["system:masters"] }));
  await ensureSystemObjects(client, host.clock);
  const verifier = new PeerCertificateVerifier(host.clock, pki.authority.certificatePem);
  const front = createHttpsFront({
    host,
    server,
    certificate: () => pki.apiServer,
    clientAuthorities: [pki.authority.certificatePem],
    verifier,
  });
  const url = `https://127.0.0.1:${await front.listen(0, "127.0.0.1")}`;
  return {
    server,
    url,
    pki,
    kubeconfig(user = "admin", groups = ["system:masters"]) {
      const { certificatePem, privateKeyPem } = pki.issueClientCertificate(user, groups);
      return kubeconfigText(url, pki.authority.certificatePem, certificatePem, privateKeyPem);
    },
    async stop() {
      await front.close(0);
      server.stop();
      await store.close();
    },
  };
}

function noNodes(): Promise<never> {
  return Promise.reject(new NodeUnreachableError("there are no nodes"));
}

function kubeconfigText(server: string, authority: string, certificate: string, key: string): string {
  const data = (pem: string): string => Buffer.from(pem).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": data(authority) } }],
    users: [{ name: "test", user: { "client-certificate-data": data(certificate), "client-key-data": data(key) } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "default" } }],
    "current-context": "test",
  });
}
