import { type Host, messageOf, sleep } from "@skiff/base";
import type { HostFiles } from "../host/host-files.ts";
import type { BackgroundProcess, ProcessSpawner } from "../host/process-spawner.ts";
import { type ContainerdOptions, renderContainerdConfig } from "./containerd-config.ts";
import { type RegistryMirror, renderRegistryHosts } from "./registry-hosts.ts";

/** What a {@link ContainerdSupervisor} needs. */
interface ContainerdSupervisorOptions {
  /** Name or path of the program. Default `containerd`. */
  readonly binary?: string;
  readonly containerd: ContainerdOptions;
  readonly registryMirrors?: readonly RegistryMirror[];
  /** For the configuration, the pid file and the log. */
  readonly directory: string;
  readonly spawner: ProcessSpawner;
  readonly files: HostFiles;
  /** Resolves when containerd answers; rejects when it does not. Called again and again while it starts. */
  readonly ping: () => Promise<unknown>;
}

/**
 * Containers inherit containerd's limit of open files. Its service gives it this one; a shell or a service manager's default
 * is often too low for databases (Elasticsearch refuses less than 65536). Who may not raise it runs with what there is.
 */
const RAISE_LIMITS = 'ulimit -n 1048576 2>/dev/null; exec "$0" "$@"';

/** How long containerd may take from its start until it answers. Restoring thousands of containers takes seconds. */
const READY_TIMEOUT_MS = 60_000;
const PING_INTERVAL_MS = 20;

/** How long it may take to end once it was asked to. */
const STOP_GRACE_MS = 10_000;

/** Delays between starts while it keeps dying; one that lived this long starts over at the shortest. */
const BACKOFF_FIRST_MS = 100;
const BACKOFF_LAST_MS = 10_000;
const HEALTHY_AFTER_MS = 60_000;

/**
 * Starts a containerd of our own and keeps it running.
 *
 * Guarantees: one that survived a crash of ours is taken over instead of started again, unless its configuration
 * changed; one that dies is started again with back-off. Containers run on through all of that, for their shims are
 * processes of their own.
 */
export class ContainerdSupervisor {
  readonly #host: Host;
  readonly #options: ContainerdSupervisorOptions;
  #process: BackgroundProcess | undefined;
  #stopping = false;
  #backoffMs = BACKOFF_FIRST_MS;
  /** Settles when the loop that watches the process has ended. */
  #watching: Promise<void> = Promise.resolve();
  readonly #stopped = new AbortController();

  constructor(host: Host, options: ContainerdSupervisorOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Of the process that runs now; undefined while there is none. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Resolves when containerd answers.
   *
   * Errors: rejects when it cannot be started, or does not answer within a minute; then nothing of it is left running.
   */
  async start(): Promise<void> {
    await this.#writeConfiguration();
    this.#process = (await this.#adopt()) ?? (await this.#spawn());
    try {
      await this.#untilReady(this.#process);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#watching = this.#watch(this.#process);
  }

  /** Ends containerd; containers run on. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopped.abort(new Error("containerd is being stopped"));
    if (this.#process) await this.#end(this.#process);
    await this.#watching;
    this.#process = undefined;
    await this.#options.files.remove(this.#path("containerd.pid"));
  }

  /** Stops looking after containerd and leaves it running, for the next life of ours to take over. */
  release(): void {
    this.#stopping = true;
    this.#stopped.abort(new Error("containerd is left to itself"));
    this.#process = undefined;
  }

  async #writeConfiguration(): Promise<void> {
    const { containerd, files, registryMirrors = [] } = this.#options;
    for (const directory of [containerd.rootDirectory, containerd.stateDirectory]) await files.makeDirectory(directory, 0o711);
    await files.makeDirectory(containerd.cniConfigDirectory, 0o755);
    // A mirror that is no longer wanted must not stay behind.
    await files.remove(containerd.registryConfigDirectory);
    await files.makeDirectory(containerd.registryConfigDirectory, 0o755);
    for (const { path, text } of renderRegistryHosts(registryMirrors)) {
      await files.writeFile(`${containerd.registryConfigDirectory}/${path}`, text, 0o600);
    }
  }

  /** The containerd of an earlier life of ours, if it runs with the same configuration; one with another is ended. */
  async #adopt(): Promise<BackgroundProcess | undefined> {
    const { files, spawner, containerd } = this.#options;
    const running = parsePidFile(await files.readText(this.#path("containerd.pid")), spawner);
    if (running === undefined) return undefined;
    if ((await files.readText(this.#path("config.toml"))) === renderContainerdConfig(containerd)) {
      this.#host.log.info("took over a running containerd", { pid: running.pid });
      return running;
    }
    this.#host.log.info("containerd is started again, for its configuration changed", { pid: running.pid });
    await this.#end(running);
    return undefined;
  }

  async #spawn(): Promise<BackgroundProcess> {
    const { files, spawner, containerd, binary = "containerd" } = this.#options;
    await files.writeFile(this.#path("config.toml"), renderContainerdConfig(containerd));
    const logFile = this.#path("containerd.log");
    // containerd's helpers must not take part in systemd's start protocol on our behalf.
    const process = await spawner.start({
      command: "sh",
      args: ["-c", RAISE_LIMITS, binary, "--config", this.#path("config.toml")],
      environment: { NOTIFY_SOCKET: "" },
      logFile,
    });
    const { pid, startTicks } = process;
    await files.writeFile(this.#path("containerd.pid"), `${JSON.stringify({ pid, startTicks })}\n`);
    return process;
  }

  async #untilReady(process: BackgroundProcess): Promise<void> {
    const { clock } = this.#host;
    const deadlineMs = clock.monotonic() + READY_TIMEOUT_MS;
    let gone = false;
    void process.exited.then(() => {
      gone = true;
    });
    for (;;) {
      try {
        await this.#options.ping();
        return;
      } catch (error) {
        if (gone) throw new Error(`containerd ended while it was starting; see ${this.#path("containerd.log")}`, { cause: error });
        if (clock.monotonic() >= deadlineMs) {
          throw new Error(`containerd did not answer within ${READY_TIMEOUT_MS / 1000} s: ${messageOf(error)}`, { cause: error });
        }
      }
      await sleep(clock, PING_INTERVAL_MS);
    }
  }

  async #watch(first: BackgroundProcess): Promise<void> {
    const { clock, log } = this.#host;
    let process = first;
    for (;;) {
      const sinceMs = clock.monotonic();
      const exit = await process.exited;
      this.#process = undefined;
      if (this.#stopping) return;
      if (clock.monotonic() - sinceMs >= HEALTHY_AFTER_MS) this.#backoffMs = BACKOFF_FIRST_MS;
      log.error("containerd ended; it is started again", { pid: process.pid, ...exit, afterMs: this.#backoffMs });
      const next = await this.#respawn();
      if (next === undefined) return;
      process = next;
    }
  }

  /** Starts it again after the back-off, until it succeeds; undefined when we are to stop. */
  async #respawn(): Promise<BackgroundProcess | undefined> {
    for (;;) {
      try {
        await sleep(this.#host.clock, this.#backoffMs, this.#stopped.signal);
        this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_LAST_MS);
        this.#process = await this.#spawn();
      } catch (error) {
        if (this.#stopping) return undefined;
        this.#host.log.error("containerd could not be started", { error: messageOf(error) });
        continue;
      }
      // It was stopped while it was being started.
      if (this.#stopping) await this.#end(this.#process);
      return this.#process;
    }
  }

  async #end(process: BackgroundProcess): Promise<void> {
    const { spawner } = this.#options;
    spawner.signal(process.pid, "SIGTERM");
    const grace = this.#host.clock.setTimeout(() => spawner.signal(process.pid, "SIGKILL"), STOP_GRACE_MS);
    await process.exited;
    grace.cancel();
  }

  #path(name: string): string {
    return `${this.#options.directory}/${name}`;
  }
}

function parsePidFile(text: string | undefined, spawner: ProcessSpawner): BackgroundProcess | undefined {
  if (text === undefined) return undefined;
  try {
    const { pid, startTicks } = JSON.parse(text) as { readonly pid?: unknown; readonly startTicks?: unknown };
    return typeof pid === "number" && typeof startTicks === "string" ? spawner.adopt(pid, startTicks) : undefined;
  } catch {
    // A file that was half written when the machine went down names no process.
    return undefined;
  }
}
