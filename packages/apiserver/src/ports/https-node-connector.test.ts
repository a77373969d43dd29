import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { systemClock } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import type { Node } from "@skiff/api";
import { createClusterPki } from "../pki/cluster-pki.ts";
import { HttpsNodeConnector } from "./https-node-connector-transport.ts";
import type { ConnectRequest } from "./node-connector.ts";

const servers: (http.Server | https.Server)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const pki = createClusterPki({ clock: systemClock, random: testHost().random });

async function listen(server: http.Server | https.Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A kubelet that says who asks and echoes what is sent over upgraded connections. */
async function kubelet(nodeName: string): Promise<number> {
  const serving = pki.issueServerCertificate([nodeName], ["127.0.0.1"]);
  const tls = {
    cert: serving.certificatePem,
    key: serving.privateKeyPem,
    ca: pki.authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = https.createServer(tls, (request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(`${request.url} by ${String((request.socket as TLSSocket).getPeerCertificate().subject.CN)}`);
  });
  server.on("upgrade", (request, socket, head) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade ?? ""}\r\n\r\nhello `);
    socket.write(head);
    socket.pipe(socket);
  });
  return listen(server);
}

function connectorFor(port: number): HttpsNodeConnector {
  const node: Node = {
    status: { addresses: [{ type: "InternalIP", address: "127.0.0.1" }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
  };
  const client = pki.issueClientCertificate("kube-apiserver-kubelet-client", ["system:masters"]);
  return new HttpsNodeConnector({
    clock: systemClock,
    nodeOf: (name) => (name === "gone" ? undefined : node),
    authorityPem: pki.authority.certificatePem,
    clientCertificate: () => client,
  });
}

const GET: ConnectRequest = { method: "GET", path: "/stats", query: "a=b", headers: {} };

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it("shows its certificate to kubelets, and wants to see theirs", async () => {
  const connector = connectorFor(await kubelet("n1"));
  const { status, headers, body } = await connector.request({ type: "kubelet", nodeName: "n1" }, GET);
  expect([status, headers["content-type"], await textOf(body)]).toEqual([200, "text/plain", "/stats?a=b by kube-apiserver-kubelet-client"]);
  await expect(connector.request({ type: "kubelet", nodeName: "n2" }, GET)).rejects.toThrow(/Hostname\/IP does not match/);
  await expect(connector.request({ type: "kubelet", nodeName: "gone" }, GET)).rejects.toThrow('nodes "gone" not found');
});

it("passes upgraded connections through in both directions", async () => {
  const connector = connectorFor(await kubelet("n1"));
  const headers = { connection: "Upgrade", upgrade: "SPDY/3.1" };
  const connection = await connector.upgrade({ type: "kubelet", nodeName: "n1" }, { ...GET, method: "POST", path: "/exec", headers });
  if (!("stream" in connection)) throw new Error("the connection was not upgraded");
  expect(connection.headers["upgrade"]).toBe("SPDY/3.1");
  connection.stream.write("world");
  let received = "";
  for await (const chunk of connection.stream) {
    received += String(chunk);
    if (received.length >= "hello world".length) break;
  }
  expect(received).toBe("hello world");
});

it("speaks to addresses, and says which one did not answer", async () => {
  const port = await listen(
    http.createServer((request, response) => {
      request.pipe(response.writeHead(201));
    }),
  );
  const connector = connectorFor(1);
  const address = { type: "address", scheme: "http", host: "127.0.0.1", port } as const;
  const { status, body } = await connector.request(address, { ...GET, method: "POST", body: Buffer.from("ping") });
  expect([status, await textOf(body)]).toEqual([201, "ping"]);
  await expect(connector.request({ type: "kubelet", nodeName: "n1" }, GET)).rejects.toThrow(
    /GET "https:\/\/127\.0\.0\.1:1\/stats": .*ECONNREFUSED/,
  );
});
