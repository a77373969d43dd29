import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { endpointSliceKind, serviceKind } from "@skiff/api";
import { webhookTargetOf } from "../admission/webhook/webhook-transport.ts";
import { MemoryObjectReader } from "../memory-object-reader.ts";
import { createClusterPki } from "../pki/cluster-pki.ts";
import { HttpsWebhookTransport } from "./https-webhook-transport.ts";

const pki = createClusterPki({ clock: systemClock, random: testHost().random });
const caBundle = Buffer.from(pki.authority.certificatePem).toString("base64");
const ref = { namespace: "default", name: "hook" };
const reader = new MemoryObjectReader();
const transport = new HttpsWebhookTransport(reader, testHost().random);
let server: https.Server;
let port: number;
let ownCertificate: string;

beforeAll(async () => {
  const { certificatePem, privateKeyPem } = pki.issueServerCertificate(["hook.default.svc"], ["127.0.0.1"]);
  ownCertificate = certificatePem;
  server = https.createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    if (request.url?.startsWith("/redirect")) {
      response.writeHead(302, { location: `https://127.0.0.1:${port}/` }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () =>
      response.end(
        JSON.stringify({ url: request.url, host: request.headers.host, sent: JSON.parse(Buffer.concat(chunks).toString()) as unknown }),
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  reader.put(serviceKind, { metadata: ref, spec: { ports: [{ name: "https", port: 443 }] } });
  reader.put(endpointSliceKind, {
    metadata: { ...ref, labels: { "kubernetes.io/service-name": "hook" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["127.0.0.1"] }],
    ports: [{ name: "https", port }],
  });
});
afterAll(() => void server.close());

function post(config: Parameters<typeof webhookTargetOf>[0]): Promise<unknown> {
  return transport.post(webhookTargetOf(config), { a: 1 }, { timeoutMs: 5000, signal: AbortSignal.timeout(5000) });
}

it("asks an endpoint of the Service, under the Service's name", async () => {
  const answer = await post({ service: { ...ref, path: "/check" }, caBundle });
  expect(answer).toEqual({ url: "/check?timeout=5s", host: "hook.default.svc", sent: { a: 1 } });
});

it("trusts a server whose own certificate is the bundle, and cleans the path, as envtest needs it", async () => {
  const own = Buffer.from(ownCertificate).toString("base64");
  const answer = await post({ url: `https://127.0.0.1:${port}//check`, caBundle: own });
  expect(answer).toMatchObject({ url: "/check?timeout=5s", sent: { a: 1 } });
});

it.each([
  { title: "redirects", config: () => ({ url: `https://127.0.0.1:${port}/redirect`, caBundle }), error: "answered 302" },
  {
    title: "link-local addresses",
    config: () => ({ url: "https://169.254.169.254/latest", caBundle }),
    error: "169.254.169.254 is not allowed",
  },
  { title: "certificates of others", config: () => ({ url: `https://127.0.0.1:${port}/` }), error: /certificate/ },
  { title: "plain HTTP", config: () => ({ url: `http://127.0.0.1:${port}/`, caBundle }), error: "not an HTTPS one" },
  {
    title: "Services that are not there",
    config: () => ({ service: { namespace: "default", name: "gone" }, caBundle }),
    error: 'service "gone" not found',
  },
])("refuses $title", async ({ config, error }) => {
  await expect(post(config())).rejects.toThrow(error);
});
