import { silentLogger, systemClock, systemRandom, type Host } from "@skiff/base";
import { namespaceKind } from "@skiff/api";
import { Client } from "@skiff/client";
import { MemoryStore } from "@skiff/store";
import { createAuthentication, type Authentication } from "../authn/index.ts";
import { createAuthorizer, RbacAuthorizer, reconcileBootstrapPolicy, reviewResources } from "../authz/index.ts";
import { createApiServer, type ApiServer } from "../create-api-server.ts";
import { createHttpsFront } from "../front/https-front.ts";
import { ClusterPki } from "../pki/cluster-pki.ts";
import { PeerCertificateVerifier } from "../pki/peer-certificate.ts";
import { cachedNodeSource, cachedRbacSource } from "../ports/registry-sources.ts";
import { createPathHandlers } from "../surfaces/path-handlers.ts";

/** An API server behind HTTPS on a free port of 127.0.0.1, with authentication and RBAC, in real time. */
export interface HttpsTestServer {
  readonly server: ApiServer;
  readonly url: string;
  readonly pki: ClusterPki;
  readonly authentication: Authentication;
  /** A kubeconfig (JSON, which is YAML) for the user; default: an administrator. */
  kubeconfig(user?: string, groups?: readonly string[]): string;
  stop(): Promise<void>;
}

/** Starts one: for tests that drive other people's clients. */
export async function startHttpsTestServer(host: Host = { clock: systemClock, random: systemRandom, log: silentLogger }): Promise<HttpsTestServer> {
  const pki = new ClusterPki(host);
  const store = new MemoryStore();
  let authentication: Authentication | undefined;
  const server = await createApiServer({
    host,
    store,
    compose: ({ reader, registry }) => {
      const parts = (authentication = createAuthentication({ host, reader, serviceAccountKey: pki.serviceAccountKey }));
      const rbac = new RbacAuthorizer(cachedRbacSource(reader, registry));
      const authorizer = createAuthorizer(rbac, cachedNodeSource(reader, registry));
      return {
        authenticators: parts.authenticators,
        authorizer,
        virtualResources: reviewResources({ authorizer, rbac, tokens: parts.tokens, apiAudiences: parts.apiAudiences }),
        paths: createPathHandlers({ tokens: parts }),
      };
    },
  });
  const client = new Client(server.transport({ name: "system:apiserver", groups: ["system:masters"] }));
  for (const name of ["default", "kube-system"]) await client.resource(namespaceKind).create({ metadata: { name } });
  await reconcileBootstrapPolicy(client);
  const verifier = new PeerCertificateVerifier(host.clock, pki.authority.certificatePem);
  const front = createHttpsFront({ host, server, certificate: () => pki.apiServer, clientAuthorities: [pki.authority.certificatePem], verifier });
  const url = `https://127.0.0.1:${await front.listen(0, "127.0.0.1")}`;
  return {
    server,
    url,
    pki,
    authentication: authentication as unknown as Authentication,
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
