import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as https from "node:https";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@skiff/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestNode } from "../testing/test-node.ts";
import type { KubeletUser } from "../server/kubelet-request.ts";
import { serveKubelet, type KubeletServer } from "./kubelet-https-server.ts";

/** Certificates for one run of the tests, made by openssl(1). */
class Certificates {
  readonly #directory = mkdtempSync(join(tmpdir(), "kubelet-test-"));

  constructor() {
    this.#openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "1",
      "-subj",
      "/CN=ca",
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
    );
    this.#issue("server", "/CN=node-1");
    this.#issue("admin", "/O=system:masters/CN=admin");
  }

  read(name: string): string {
    return readFileSync(join(this.#directory, name), "utf8");
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }

  #issue(name: string, subject: string): void {
    writeFileSync(join(this.#directory, `${name}.ext`), "subjectAltName=IP:127.0.0.1\n");
    this.#openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      subject,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
    );
    this.#openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "1",
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.crt`,
    );
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { cwd: this.#directory, stdio: "ignore" });
  }
}

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// The certificates are made with openssl(1), which is not on every machine.
describe.skipIf(!hasOpenssl())("the kubelet's server", () => {
  const node = new TestNode();
  let certificates: Certificates;
  let server: KubeletServer;
  let backend: net.Server;
  const seen: string[] = [];

  beforeAll(async () => {
    certificates = new Certificates();
    await node.start();
    await node.run("web", {});
    // Stands for the runtime's streaming server: accepts the upgrade, then sends back what it gets.
    backend = net.createServer((socket) => {
      socket.once("data", (request) => {
        seen.push(request.toString("utf8"));
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
        socket.pipe(socket);
      });
    });
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    node.runtime.exec = async () => `http://127.0.0.1:${(backend.address() as net.AddressInfo).port}/exec/token`;
    server = await serveKubelet({
      kubelet: node.kubelet,
      log: silentLogger,
      host: "127.0.0.1",
      port: 0,
      certificate: certificates.read("server.crt"),
      key: certificates.read("server.key"),
      clientAuthority: certificates.read("ca.crt"),
      authenticateToken: async (token): Promise<KubeletUser | undefined> => (token === "good" ? { name: "viewer", groups: [] } : undefined),
      authorize: async (user, { subresources }) => {
        if (subresources.includes("stats")) throw new Error("the API server is away");
        return user.groups.includes("system:masters") || subresources.includes("metrics");
      },
    });
  });

  afterAll(async () => {
    await server.close();
    backend.close();
    await node.kubelet.stop();
    certificates.remove();
  });

  function options(path: string, as: "admin" | "token" | "nobody", headers: Record<string, string> = {}): https.RequestOptions {
    const admin = as === "admin" ? { cert: certificates.read("admin.crt"), key: certificates.read("admin.key") } : {};
    const token = as === "token" ? { authorization: "Bearer good" } : {};
    return {
      host: "127.0.0.1",
      port: server.port,
      path,
      ca: certificates.read("ca.crt"),
      agent: false,
      ...admin,
      headers: { ...token, ...headers },
    };
  }

  function get(path: string, as: "admin" | "token" | "nobody"): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      https
        .get(options(path, as), (response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (text: string) => (body += text));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        })
        .on("error", reject);
    });
  }

  it.each([
    { path: "/pods", as: "nobody" as const, status: 401, body: "Unauthorized" },
    { path: "//", as: "nobody" as const, status: 400, body: "the path cannot be read" },
    { path: "/%ff", as: "nobody" as const, status: 400, body: "the path is not properly encoded" },
    { path: "/stats", as: "token" as const, status: 500, body: "Internal Server Error" },
    {
      path: "/pods",
      as: "token" as const,
      status: 403,
      body: "Forbidden (user=viewer, verb=get, resource=nodes, subresource(s)=[pods proxy])",
    },
    { path: "/%70ods", as: "token" as const, status: 403, body: "subresource(s)=[pods proxy]" },
    { path: "/metrics/resource", as: "token" as const, status: 200, body: "node_cpu_usage_seconds_total" },
    { path: "/pods", as: "admin" as const, status: 200, body: '"name":"web"' },
    { path: "/healthz", as: "admin" as const, status: 200, body: "ok" },
    { path: "/containerLogs/default/none/main", as: "admin" as const, status: 404, body: 'pod "none" does not exist' },
    { path: "/containerLogs/default/web/none", as: "admin" as const, status: 404, body: 'container "none" not found in pod "web"' },
    { path: "/%zz", as: "admin" as const, status: 400, body: "the path is not properly encoded" },
    { path: "/nothing", as: "admin" as const, status: 404, body: "404: Page Not Found" },
  ])("answers $status to $as for $path", async ({ path, as, status, body }) => {
    const answer = await get(path, as);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(body);
  });

  it("passes an exec connection on byte for byte, without the credentials", async () => {
    const echoed = await new Promise<string>((resolve, reject) => {
      const headers = {
        connection: "Upgrade",
        upgrade: "SPDY/3.1",
        "x-stream-protocol-version": "v4.channel.k8s.io",
        authorization: "Bearer secret",
      };
      const request = https.request({ ...options("/exec/default/web/main?command=ls&output=1", "admin", headers), method: "POST" });
      request.on("upgrade", (response, socket) => {
        expect(response.headers.upgrade).toBe("SPDY/3.1");
        socket.once("data", (data: Buffer) => {
          socket.destroy();
          resolve(data.toString("utf8"));
        });
        socket.write("\u0000binary\u0001");
      });
      request.on("error", reject);
      request.end();
    });
    expect(echoed).toBe("\u0000binary\u0001");
    expect(seen[0]).toMatch(/^POST \/exec\/token HTTP\/1\.1\r\n/);
    expect(seen[0]?.toLowerCase()).toContain("x-stream-protocol-version: v4.channel.k8s.io");
    expect(seen[0]).not.toContain("secret");
  });

  it("refuses an exec connection of someone who may not", async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { connection: "Upgrade", upgrade: "SPDY/3.1" };
      const request = https.request({ ...options("/exec/default/web/main?command=ls&output=1", "token", headers), method: "POST" });
      request.on("response", (response) => resolve(response.statusCode ?? 0));
      request.on("upgrade", () => reject(new Error("upgraded")));
      request.on("error", reject);
      request.end();
    });
    expect(status).toBe(403);
  });
});
