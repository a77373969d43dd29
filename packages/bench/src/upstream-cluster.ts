import { createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, systemClock, type Host } from "@skiff/base";
import { createClusterPki, type CertificateAndKey, type ClusterPki } from "@skiff/apiserver";
import { Client, HttpsTransport } from "@skiff/client";
import { toolsDirectory } from "@skiff/e2e";
import { stringify } from "yaml";
import { ChildProgram } from "./child-program.ts";

const POLL_MS = 5;
const START_TIMEOUT_MS = 120_000;
/** The components limit their own requests to 20 and 50 per second unless told otherwise. */
const CLIENT_RATE = ["--kube-api-qps=5000", "--kube-api-burst=5000"];

const TOOLS = toolsDirectory();

/** Upstream's components beside etcd and kube-apiserver. */
type UpstreamComponent = "kube-scheduler" | "kube-controller-manager";

/** Why upstream's control plane cannot run here, or nothing. */
export function upstreamObstacle(components: readonly UpstreamComponent[] = []): string | undefined {
  const missing = ["etcd", "kube-apiserver", ...components].filter((name) => !existsSync(join(TOOLS, name)));
  if (missing.length === 0) return undefined;
  return `not built: ${missing.join(", ")} (npx tsx scripts/build-tools.ts ${missing.join(" ")})`;
}

/** How a cluster of upstream's is to be. */
interface UpstreamClusterOptions {
  readonly host: Host;
  /** Default: none, as envtest has it. */
  readonly components?: readonly UpstreamComponent[];
}

/** etcd and kube-apiserver, with certificates of ours, as envtest starts them; upstream's scheduler and controllers on demand. */
export class UpstreamCluster {
  readonly pki: ClusterPki;
  readonly programs: ChildProgram[] = [];
  readonly #host: Host;
  readonly #directory: string;
  readonly #port: number;

  private constructor(host: Host, directory: string, port: number) {
    this.#host = host;
    this.#directory = directory;
    this.#port = port;
    this.pki = createClusterPki(host);
  }

  /** Resolves when the API server is ready and the other components run. Errors: rejects with the output of what ended. */
  static async start({ host, components = [] }: UpstreamClusterOptions): Promise<UpstreamCluster> {
    const directory = await mkdtemp(join(tmpdir(), "skiff-upstream-"));
    const [etcdPort, peerPort, port] = await Promise.all([freePort(), freePort(), freePort()]);
    const cluster = new UpstreamCluster(host, directory, port);
    try {
      cluster.#startEtcd(etcdPort, peerPort);
      await cluster.#startApiServer(etcdPort);
      await cluster.#ready();
      for (const component of components) await cluster.#startComponent(component);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get server(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** A client with its own connections; the default may do everything. */
  client(commonName = "kubernetes-admin", organizations: readonly string[] = ["system:masters"]): Client {
    const { certificatePem, privateKeyPem } = this.pki.issueClientCertificate(commonName, organizations);
    return new Client(
      new HttpsTransport({
        server: this.server,
        clock: systemClock,
        certificateAuthority: this.pki.authority.certificatePem,
        clientCertificate: certificatePem,
        clientKey: privateKeyPem,
      }),
    );
  }

  /** A kubeconfig file of somebody who may do everything. It goes with the cluster. */
  async adminKubeconfig(): Promise<string> {
    return this.#write("admin.kubeconfig", this.#kubeconfig("admin"));
  }

  /** Ends every program and removes what they stored. */
  async stop(): Promise<void> {
    for (const program of this.programs.toReversed()) await program.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #start(name: string, args: readonly string[]): void {
    this.programs.push(new ChildProgram(name, join(TOOLS, name), args, join(this.#directory, `${name}.log`)));
  }

  #startEtcd(port: number, peerPort: number): void {
    const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
    this.#start("etcd", [
      `--data-dir=${join(this.#directory, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--log-level=warn",
    ]);
  }

  async #startApiServer(etcdPort: number): Promise<void> {
    const { privateKeyPem } = this.pki.serviceAccountKey;
    const publicKey = createPublicKey(createPrivateKey(privateKeyPem)).export({ type: "spki", format: "pem" });
    const [cert, key] = await this.#writePair("apiserver", this.pki.apiServer);
    this.#start("kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${this.#port}`,
      `--tls-cert-file=${cert}`,
      `--tls-private-key-file=${key}`,
      `--client-ca-file=${await this.#write("ca.pem", this.pki.authority.certificatePem)}`,
      "--authorization-mode=RBAC",
      // As kubeadm and the other distributions have it.
      "--allow-privileged=true",
      "--service-cluster-ip-range=10.0.0.0/16",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-signing-key-file=${await this.#write("sa.key", privateKeyPem)}`,
      `--service-account-key-file=${await this.#write("sa.pub", publicKey.toString())}`,
      // The loopback address cannot be announced.
      "--endpoint-reconciler-type=none",
    ]);
  }

  async #startComponent(component: UpstreamComponent): Promise<void> {
    const kubeconfig = await this.#write(`${component}.kubeconfig`, this.#kubeconfig(component));
    const common = [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0", ...CLIENT_RATE];
    if (component === "kube-scheduler") return this.#start(component, common);
    this.#start(component, [
      ...common,
      "--allocate-node-cidrs=true",
      "--cluster-cidr=10.240.0.0/12",
      `--service-account-private-key-file=${join(this.#directory, "sa.key")}`,
      `--root-ca-file=${join(this.#directory, "ca.pem")}`,
    ]);
  }

  #kubeconfig(name: string): string {
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const issued = this.pki.issueClientCertificate(`system:${name}`, ["system:masters"]);
    const user = {
      "client-certificate-data": base64(issued.certificatePem),
      "client-key-data": base64(issued.privateKeyPem),
    };
    const cluster = { server: this.server, "certificate-authority-data": base64(this.pki.authority.certificatePem) };
    return stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: [{ name, cluster }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    });
  }

  async #ready(): Promise<void> {
    const client = this.client();
    const deadline = this.#host.clock.monotonic() + START_TIMEOUT_MS;
    for (;;) {
      for (const program of this.programs) program.assertRunning();
      const isReady = await client.raw({ method: "GET", path: "/readyz" }).then(
        () => true,
        () => false,
      );
      if (isReady) return;
      if (this.#host.clock.monotonic() > deadline) throw new Error("kube-apiserver did not become ready in time");
      await sleep(this.#host.clock, POLL_MS);
    }
  }

  async #writePair(name: string, { certificatePem, privateKeyPem }: CertificateAndKey): Promise<[string, string]> {
    return [await this.#write(`${name}.pem`, certificatePem), await this.#write(`${name}.key`, privateKeyPem)];
  }

  async #write(name: string, text: string): Promise<string> {
    const file = join(this.#directory, name);
    await mkdir(this.#directory, { recursive: true });
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }
}

/** A TCP port of the loopback address that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
