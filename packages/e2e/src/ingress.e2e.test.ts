import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "@skiff/apiserver";
import { systemClock, systemRandom } from "@skiff/base";
import { HttpLoad } from "./http-load.ts";
import { eventually, type Kubectl, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
  /** Of the server's certificate, over TLS. */
  readonly commonName: string | undefined;
}

/** A backend that answers `/` and `/deep/` with its own name. */
function backend(name: string): string {
  const script = `mkdir -p /w/deep; echo ${name} root > /w/index.html; echo ${name} deep > /w/deep/index.html; exec httpd -f -p 8080 -h /w`;
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: "busybox:1.36", command: [sh, -c, "${script}"], ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: web, port: 80, targetPort: http}]}
---`;
}

const ROLLED = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: rolled}
spec:
  replicas: 2
  selector: {matchLabels: {app: rolled}}
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  template:
    metadata: {labels: {app: rolled}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.7.9", ports: [{containerPort: 80}], readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {name: rolled}
spec: {selector: {app: rolled}, ports: [{port: 80}]}
---`;

const path = (text: string, service: string): string =>
  `{path: "${text}", pathType: Prefix, backend: {service: {name: ${service}, port: {name: web}}}}`;

const INGRESSES = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  tls: [{hosts: [two.example.com], secretName: two-tls}]
  rules:
  - {host: one.example.com, http: {paths: [${path("/", "one")}, ${path("/deep", "two")}]}}
  - {host: two.example.com, http: {paths: [${path("/", "two")}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: rewritten
  annotations: {kubernetes.io/ingress.class: nginx, nginx.ingress.kubernetes.io/rewrite-target: /$2}
spec:
  rules:
  - host: one.example.com
    http:
      paths:
      - {path: "/api(/|$)(.*)", pathType: ImplementationSpecific, backend: {service: {name: two, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: any-host}
spec: {defaultBackend: {service: {name: rolled, port: {number: 80}}}}
`;

describe.skipIf(why !== undefined)(`Ingress on a real cluster${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let address: string;

  const ask = (host: string, url: string, tls = false): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { host: address, path: url, headers: { host }, agent: false, timeout: 5000 };
      const request = tls ? httpsRequest({ ...options, servername: host, rejectUnauthorized: false }) : httpRequest(options);
      request.once("error", reject);
      request.once("timeout", () => request.destroy(new Error("no answer in time")));
      request.once("response", (response) => {
        const subject = tls ? (response.socket as TLSSocket).getPeerCertificate().subject.CN : undefined;
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location,
            body: body.trim(),
            commonName: String(subject),
          }),
        );
      });
      request.end();
    });

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-ingress");
    kubectl = cluster.kubectl();
    const authority = CertificateAuthority.create({ clock: systemClock, random: systemRandom }, "an authority");
    const { certificatePem, privateKeyPem } = authority.issueServerCertificate(["two.example.com"], []);
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "two-tls" },
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": certificatePem, "tls.key": privateKeyPem },
    };
    await kubectl.ok("apply -f -", { input: JSON.stringify(secret) });
    await kubectl.ok("apply -f -", { input: `${backend("one")}${backend("two")}${ROLLED}${INGRESSES}` });
    for (const name of ["one", "two", "rolled"]) await kubectl.ok(`rollout status deploy/${name} --timeout=60s`);
    const where = "-n kube-system get service skiff-ingress -o jsonpath={.status.loadBalancer.ingress[0].ip}";
    address = await eventually("an address", async () => (await kubectl.ok(where)) || undefined);
    await eventually("an answer of the last Pod", async () => (await ask("nobody.example.com", "/")).status === 200);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("leads requests by host and path, and shows itself to kubectl", async () => {
    const seen = await Promise.all([ask("one.example.com", "/"), ask("one.example.com", "/deep/"), ask("one.example.com", "/gone")]);
    expect(seen.map(({ status, body }) => (status === 200 ? body : status))).toEqual(["one root", "two deep", 404]);
    const shown = await kubectl.ok("get ingress shop --no-headers");
    expect(shown).toMatch(new RegExp(`^shop +skiff +one\\.example\\.com,two\\.example\\.com +${address.replaceAll(".", "\\.")} +80, 443 `));
    expect(await kubectl.ok("describe ingress shop")).toMatch(/two\.example\.com +\n +\/ +two:web \([\d.]+:8080\)/);
  });

  it("ends TLS with the certificate of the name, and sends plain HTTP there", async () => {
    expect(await ask("two.example.com", "/", true)).toMatchObject({ status: 200, body: "two root", commonName: "two.example.com" });
    expect(await ask("two.example.com", "/x?y=1")).toMatchObject({ status: 308, location: "https://two.example.com/x?y=1" });
  });

  it("rewrites paths", async () => {
    expect(await ask("one.example.com", "/api/deep/")).toMatchObject({ status: 200, body: "two deep" });
    expect(await ask("one.example.com", "/api")).toMatchObject({ status: 200, body: "two root" });
  });

  it("says 503 while a Service has no Pods, and serves again when it has", async () => {
    await kubectl.ok("scale deploy/one --replicas=0");
    await eventually("503", async () => (await ask("one.example.com", "/")).status === 503);
    await kubectl.ok("scale deploy/one --replicas=1");
    await eventually("an answer", async () => (await ask("one.example.com", "/")).body === "one root");
  });

  it("fails no request while its backend is updated", async () => {
    const load = new HttpLoad(`http://${address}/`);
    await kubectl.ok("set image deploy/rolled nginx=nginx:1.9.1");
    await kubectl.ok("rollout status deploy/rolled --timeout=60s");
    const { answered, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  });
});
