import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, systemClock } from "@skiff/base";
import type { EtcdTls } from "./etcd-connection.ts";
import { EtcdStore } from "./etcd-store.ts";

/** How long etcd may take until it answers. */
const START_MS = 15_000;
const POLL_MS = 50;

/** The etcd that `scripts/build-tools.ts` builds, or `undefined` when it has not been built. */
export function etcdBinary(): string | undefined {
  const path = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "skiff", "tools", "bin", "etcd");
  return existsSync(path) ? path : undefined;
}

/** How to run an etcd. */
interface EtcdProcessOptions {
  /** It makes itself a certificate. */
  readonly tls?: boolean;
  /** Where its data is to be; it is removed with the process. Absent: a temporary directory. */
  readonly directory?: string;
}

/** An etcd of one member on a free port of the loopback interface, with its data in a directory of its own: for tests. */
export class EtcdProcess {
  readonly #binary: string;
  readonly #tls: boolean;
  readonly #ports: readonly [number, number];
  readonly #directory: string;
  #child: ChildProcess | undefined;

  private constructor(binary: string, options: EtcdProcessOptions, ports: readonly [number, number]) {
    this.#binary = binary;
    this.#tls = options.tls ?? false;
    this.#directory = options.directory ?? mkdtempSync(join(tmpdir(), "skiff-etcd-"));
    this.#ports = ports;
  }

  /** Starts an etcd. Errors: rejects when it does not answer in time. */
  static async start(binary: string, options: EtcdProcessOptions = {}): Promise<EtcdProcess> {
    const etcd = new EtcdProcess(binary, options, [await freePort(), await freePort()]);
    await etcd.restart();
    return etcd;
  }

  get endpoint(): string {
    return `${this.#tls ? "https" : "http"}://127.0.0.1:${this.#ports[0]}`;
  }

  /** What a client needs to trust it. */
  get tls(): EtcdTls | undefined {
    return this.#tls ? { ca: readFileSync(join(this.#directory, "fixtures", "client", "cert.pem")) } : undefined;
  }

  /** Starts it again on the same data. */
  async restart(): Promise<void> {
    const peer = `http://127.0.0.1:${this.#ports[1]}`;
    this.#child = spawn(
      this.#binary,
      [
        `--data-dir=${this.#directory}`,
        `--listen-client-urls=${this.endpoint}`,
        `--advertise-client-urls=${this.endpoint}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=default=${peer}`,
        "--log-level=error",
        ...(this.#tls ? ["--auto-tls"] : []),
      ],
      { stdio: "ignore" },
    );
    const deadline = systemClock.monotonic() + START_MS;
    for (;;) {
      try {
        await (await this.open()).close();
        return;
      } catch (error) {
        if (systemClock.monotonic() > deadline) throw error;
      }
      await sleep(systemClock, POLL_MS);
    }
  }

  /** Opens a store on it. */
  open(prefix = ""): Promise<EtcdStore> {
    const { tls } = this;
    return EtcdStore.open({ endpoints: [this.endpoint], prefix, timeoutMs: 5_000, clock: systemClock, ...(tls && { tls }) });
  }

  /** Ends it at once, as a crash would. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
