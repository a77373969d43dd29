import { createHash } from "node:crypto";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, systemClock } from "@skiff/base";
import type { ProcessSpawner } from "@skiff/cri";
import { freeTcpPort } from "../free-tcp-port.ts";

const FIRST_PORT = 5000;
const START_LIMIT_MS = 10_000;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A registry of container images on this machine (Debian's `docker-registry`), filled from OCI archives. */
export class LocalRegistry {
  /** Of an address at which the nodes of every cluster on this machine reach it. */
  readonly url: string;
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(url: string, directory: string, child: ChildProcess) {
    this.url = url;
    this.#directory = directory;
    this.#process = child;
  }

  /** Errors: when it is not installed, or does not answer within 10 s. */
  static async start(): Promise<LocalRegistry> {
    const directory = await mkdtemp(join(tmpdir(), "skiff-registry-"));
    const address = machineAddress();
    const port = await freeTcpPort(FIRST_PORT);
    const config = {
      version: 0.1,
      storage: { filesystem: { rootdirectory: `${directory}/data` } },
      http: { addr: `${address}:${port}` },
      log: { level: "error", accesslog: { disabled: true } },
    };
    await writeFile(`${directory}/config.yml`, JSON.stringify(config));
    const child = spawn("docker-registry", ["serve", `${directory}/config.yml`], { stdio: "ignore" });
    const failed = new Promise<never>((_resolve, reject) => child.once("error", reject));
    const registry = new LocalRegistry(`http://${address}:${port}`, directory, child);
    await Promise.race([failed, registry.#answers()]);
    return registry;
  }

  /** One that has the images of these archives. Errors: those of {@link start} and {@link push}; nothing is left running. */
  static async of(archives: readonly string[], spawner: ProcessSpawner): Promise<LocalRegistry> {
    const registry = await LocalRegistry.start();
    try {
      for (const archive of archives) await registry.push(archive, spawner);
      return registry;
    } catch (error) {
      await registry.stop();
      throw error;
    }
  }

  async #answers(): Promise<void> {
    for (const deadline = systemClock.monotonic() + START_LIMIT_MS; ; await sleep(systemClock, 50)) {
      const answer = await fetch(`${this.url}/v2/`).catch(() => undefined);
      if (answer?.ok === true) return;
      if (systemClock.monotonic() > deadline) throw new Error("docker-registry does not answer");
    }
  }

  /** Stores the images of an OCI archive under all their names; what is there already is not sent again. Needs `tar`. */
  async push(archive: string, spawner: ProcessSpawner): Promise<void> {
    const layout = await mkdtemp(join(this.#directory, "archive-"));
    try {
      const unpacked = await spawner.run("tar", ["-x", "-f", archive, "-C", layout], { timeoutMs: 120_000 });
      if (unpacked.exitCode !== 0) throw new Error(`${archive} is no archive: ${unpacked.stderr}`);
      const index = JSON.parse(await readFile(`${layout}/index.json`, "utf8")) as { readonly manifests: readonly Descriptor[] };
      for (const manifest of index.manifests) {
        const name = manifest.annotations?.["io.containerd.image.name"];
        if (name !== undefined) await this.#pushImage(layout, manifest, repositoryOf(name));
      }
    } finally {
      await rm(layout, { recursive: true });
    }
  }

  async #pushImage(layout: string, manifest: Descriptor, { repository, tag }: Repository): Promise<void> {
    const bytes = await readFile(blobFile(layout, manifest.digest));
    const { config, layers } = JSON.parse(bytes.toString("utf8")) as {
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    };
    for (const { digest } of [config, ...layers]) await this.#pushBlob(repository, digest, () => readFile(blobFile(layout, digest)));
    await this.#call(`/v2/${repository}/manifests/${tag}`, { method: "PUT", headers: { "content-type": manifest.mediaType }, body: bytes });
  }

  async #pushBlob(repository: string, digest: string, read: () => Promise<Buffer>): Promise<void> {
    const known = await fetch(`${this.url}/v2/${repository}/blobs/${digest}`, { method: "HEAD" });
    if (known.ok) return;
    const body = await read();
    const actual = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    if (actual !== digest) throw new Error(`a blob of the archive is ${actual}, not ${digest}`);
    const session = await this.#call(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const location = new URL(session.headers.get("location") ?? "", this.url);
    location.searchParams.set("digest", digest);
    await this.#call(location.href.slice(this.url.length), {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body,
    });
  }

  async #call(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, init);
    if (!response.ok) throw new Error(`${init.method} ${path}: HTTP ${response.status} ${await response.text()}`);
    return response;
  }

  /** Stops it and forgets its images. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode === null && this.#process.kill()) await ended;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

interface Repository {
  readonly repository: string;
  readonly tag: string;
}

/** Where a mirror keeps an image: by its path, whatever the registry that the name names. */
function repositoryOf(name: string): Repository {
  const [, path = "", tag = "latest"] = /^[^/]+\/(.+?)(?::([^:/]+))?$/.exec(name) ?? [];
  return { repository: path, tag };
}

function blobFile(layout: string, digest: string): string {
  return `${layout}/blobs/${digest.replace(":", "/")}`;
}

/** An address of this machine that nodes in network namespaces of their own reach, too. */
function machineAddress(): string {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";
}
