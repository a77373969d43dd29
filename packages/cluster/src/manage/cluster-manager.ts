import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClusterPki } from "@skiff/apiserver";
import { leaseKind, nodeKind, type Node } from "@skiff/api";
import { messageOf, parseTime, sleep, type Host } from "@skiff/base";
import { mergeIntoKubeconfig, nodeFileSystem, removeFromKubeconfig, type Client } from "@skiff/client";
import { contextName, type ClusterConfig, type RuntimeChoice } from "../layout/cluster-config.ts";
import { readClusterConfig } from "../layout/cluster-file.ts";
import { nodePaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import { readPki } from "../layout/pki-files.ts";
import type { StateHome } from "../layout/state-home.ts";
import { canRunContainers, ensurePackages } from "../preflight.ts";
import { findProcess, isRunning, startProcess, stopProcess, type ProcessPlan, type RunningProcess } from "../process/managed-process.ts";
import type { Progress } from "../progress.ts";
import { UserError } from "../user-error.ts";
import { clientFromKubeconfig } from "./api-connection.ts";
import { ensurePki, openOrCreateCluster, type ClusterWish } from "./create-cluster.ts";
import { isPortFree } from "./free-port.ts";
import { administrator, kubeconfigEntry, kubeletIdentity, nodeServicesIdentity, simulatorIdentity, writeKubeconfig } from "./identities.ts";
import { nodeCommand, serverCommand, type Launcher } from "./launcher.ts";
import { isNodeReady, notReadyReason } from "./node-status.ts";
import type { NodeNetworks } from "./node-networks.ts";

/** The options of `skiff up`. */
export interface UpOptions extends ClusterWish {
  readonly dataDir: string | undefined;
  /** The user's kubeconfig file, into which the context is merged. */
  readonly kubeconfig: string;
  readonly install: boolean;
  readonly waitMs: number;
}

/** One process that belongs to a cluster. */
export interface ClusterProcess {
  readonly role: "server" | "node" | "containerd";
  readonly pid: number;
  readonly node?: string;
}

/** What `skiff status -o json` prints. */
export interface ClusterStatus {
  readonly name: string;
  readonly running: boolean;
  readonly api: string;
  readonly context: string;
  readonly runtime: RuntimeChoice;
  readonly store: string;
  readonly dataDirectory: string;
  readonly version: { readonly skiff: string; readonly kubernetes: string | undefined };
  readonly nodes: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly address: string | undefined;
    readonly reason?: string;
  }[];
  readonly processes: readonly ClusterProcess[];
}

/** What the manager is made of. */
export interface ClusterManagerOptions {
  readonly host: Host;
  readonly home: StateHome;
  readonly launcher: Launcher;
  readonly networks: NodeNetworks;
  readonly version: string;
}

/** How often to look whether something that was started has become ready. */
const POLL_MS = 25;
const STOP_GRACE_MS = 15_000;

/** Starts, stops, describes and removes the clusters of one user on one machine. */
export class ClusterManager {
  readonly #options: ClusterManagerOptions;
  readonly #host: Host;

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
    this.#host = options.host;
  }

  /**
   * Makes sure that the cluster runs: creates it if need be, starts what does not run, waits until the API and every node
   * are ready. Doing it again changes nothing.
   *
   * Errors: a {@link UserError}; a cluster that this call created and could not start is stopped again, its data stay.
   */
  async up(options: UpOptions, progress: Progress): Promise<{ readonly config: ClusterConfig; readonly paths: ClusterPaths }> {
    progress.phase("Checking the machine");
    const { home } = this.#options;
    const paths = home.paths(options.name, options.dataDir);
    const config = await openOrCreateCluster(options, paths, home, this.#host, defaultRuntime);
    if (config.runtime === "containerd") {
      if (!canRunContainers())
        throw new UserError("Real containers need Linux and root.", "Run the command with sudo, or use --runtime simulated.");
      await ensurePackages(options.install, (line) => progress.detail(line));
    }
    mkdirSync(paths.run, { recursive: true, mode: 0o700 });
    const deadline = this.#host.clock.monotonic() + options.waitMs;
    const client = await this.#startServer(config, paths, progress, deadline);
    const startedAt = this.#host.clock.now();
    const anew = await this.#startNodes(config, paths, progress);
    await this.#nodesReady(config, paths, client, progress, deadline);
    // What the API says of a node may stem from its last life: a lease that was renewed since shows that it is this one.
    if (anew) await this.#leasesRenewed(config, paths, client, startedAt, deadline);
    progress.phase("Writing the kubeconfig");
    await this.#mergeKubeconfig(config, paths, options.kubeconfig);
    return { config, paths };
  }

  /** Stops every process of the cluster and every container; the data stay. Nothing happens when it does not run. */
  async down(name: string, progress: Progress): Promise<void> {
    const { paths, config } = this.#existing(name);
    progress.phase("Stopping the nodes");
    // Nodes go first, while the API still answers, so that what they last saw is what is stored.
    await Promise.all(this.#nodeProcessFiles(config, paths).map(([, pidFile]) => this.#stop(pidFile)));
    await this.#options.networks.stopRuntimes(config, paths);
    progress.phase("Stopping the API server");
    await this.#stop(join(paths.run, "server.pid"));
    progress.phase("Removing the nodes' networks");
    await this.#options.networks.remove(config, paths);
  }

  /** Removes everything that the cluster made: processes, containers, networks, rules, mounts, data, kubeconfig entry. */
  async delete(name: string, kubeconfig: string, progress: Progress): Promise<void> {
    const paths = this.#options.home.paths(name);
    let config: ClusterConfig | undefined;
    try {
      config = readClusterConfig(paths);
    } catch (error) {
      // A damaged description must not keep the rest from being removed.
      this.#host.log.warn("the description of the cluster is damaged", { error: messageOf(error) });
    }
    if (config === undefined && !existsSync(paths.data) && !this.#options.home.clusters().includes(name))
      throw noSuchCluster(name, this.#options.home);
    if (config !== undefined) await this.down(name, progress);
    progress.phase("Removing the data");
    if (config !== undefined) await this.#options.networks.releaseMounts(config, paths);
    rmSync(paths.data, { recursive: true, force: true });
    rmSync(paths.run, { recursive: true, force: true });
    const files = nodeFileSystem(this.#host.clock, this.#host.random);
    await removeFromKubeconfig(files, kubeconfig, contextName(name));
    this.#options.home.forget(name);
  }

  /** What runs, and how it is. */
  async status(name: string): Promise<ClusterStatus> {
    const { paths, config } = this.#existing(name);
    const server = findProcess(join(paths.run, "server.pid"));
    const nodes = server === undefined ? [] : await this.#listNodes(paths);
    const processes: ClusterProcess[] = server === undefined ? [] : [{ role: "server", pid: server.pid }];
    for (const [node, pidFile] of this.#nodeProcessFiles(config, paths)) {
      const process = findProcess(pidFile);
      if (process !== undefined) processes.push({ role: "node", pid: process.pid, node });
      const containerd = this.#options.networks.runtimePid(paths, node);
      if (containerd !== undefined) processes.push({ role: "containerd", pid: containerd, node });
    }
    return {
      name,
      running: server !== undefined,
      api: apiAddress(config),
      context: contextName(name),
      runtime: config.runtime,
      store: config.store.type,
      dataDirectory: paths.data,
      version: { skiff: this.#options.version, kubernetes: nodes[0]?.status?.nodeInfo?.kubeletVersion },
      nodes: config.nodes.map((node) => {
        const found = nodes.find((candidate) => candidate.metadata?.name === node);
        const ready = found !== undefined && isNodeReady(found);
        const address = found?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
        return { name: node, ready, address, ...(ready ? {} : { reason: notReadyReason(found) }) };
      }),
      processes,
    };
  }

  /** The names of the clusters of this user. */
  clusters(): string[] {
    return this.#options.home.clusters();
  }

  /** The cluster of that name. Errors: a {@link UserError} when there is none. */
  open(name: string): { readonly config: ClusterConfig; readonly paths: ClusterPaths } {
    return this.#existing(name);
  }

  #existing(name: string): { config: ClusterConfig; paths: ClusterPaths } {
    const paths = this.#options.home.paths(name);
    const config = readClusterConfig(paths);
    if (config === undefined) throw noSuchCluster(name, this.#options.home);
    return { config, paths };
  }

  async #startServer(config: ClusterConfig, paths: ClusterPaths, progress: Progress, deadline: number): Promise<Client> {
    progress.phase("Starting the API server");
    ensurePki(paths, config, this.#host);
    const pki = createClusterPki(this.#host, { files: readPki(paths.pki) });
    writeKubeconfig(paths.adminKubeconfig, contextName(config.name), administrator(apiAddress(config)), pki.authority);
    const plan: ProcessPlan = {
      command: serverCommand(this.#options.launcher, paths),
      logFile: join(paths.logs, "server.log"),
      pidFile: join(paths.run, "server.pid"),
      environment: {},
    };
    let server = findProcess(plan.pidFile);
    if (server === undefined) {
      if (!(await isPortFree(config.apiPort)))
        throw new UserError(
          `Port ${config.apiPort}, on which cluster ${config.name} serves its API, is in use by another program.`,
          "End that program, then run the command again.",
        );
      server = startProcess(plan);
    }
    const client = await clientFromKubeconfig(paths.adminKubeconfig, this.#host);
    await this.#poll(server, plan.logFile, deadline, "the API server", () =>
      client.raw({ method: "GET", path: "/readyz" }).then(() => undefined, messageOf),
    );
    return client;
  }

  /** Answers whether a node process had to be started. */
  async #startNodes(config: ClusterConfig, paths: ClusterPaths, progress: Progress): Promise<boolean> {
    progress.phase(config.nodes.length === 1 ? "Starting the node" : `Starting ${config.nodes.length} nodes`);
    const pki = createClusterPki(this.#host, { files: readPki(paths.pki) });
    if (config.runtime === "simulated") {
      writeKubeconfig(nodePaths(paths, "simulated").kubeconfig, "simulated", simulatorIdentity(apiAddress(config)), pki.authority);
    } else {
      await this.#options.networks.create(config, paths);
      for (const node of config.nodes) {
        const own = nodePaths(paths, node);
        const address = this.#options.networks.address(config, node);
        const { client: _client, server } = pki.issueKubeletCertificates(node, [address, "127.0.0.1"]);
        writeKubeconfig(own.kubeconfig, node, kubeletIdentity(node, this.#options.networks.apiServer(config)), pki.authority);
        writeKubeconfig(own.servicesKubeconfig, node, nodeServicesIdentity(this.#options.networks.apiServer(config)), pki.authority);
        this.#options.networks.writeServingCertificate(own, server);
      }
    }
    let anew = false;
    for (const [node, pidFile] of this.#nodeProcessFiles(config, paths)) {
      if (findProcess(pidFile) !== undefined) continue;
      anew = true;
      startProcess({
        command: nodeCommand(this.#options.launcher, paths, node, this.#options.networks.namespace(config, node)),
        logFile: join(paths.logs, `${node}.log`),
        pidFile,
        environment: {},
      });
    }
    return anew;
  }

  async #nodesReady(config: ClusterConfig, paths: ClusterPaths, client: Client, progress: Progress, deadline: number): Promise<void> {
    progress.phase(config.nodes.length === 1 ? "Waiting for the node" : `Waiting for ${config.nodes.length} nodes`);
    const expected = new Set(config.nodes);
    const first = this.#nodeProcessFiles(config, paths)[0];
    const process = first === undefined ? undefined : findProcess(first[1]);
    await this.#poll(process, join(paths.logs, `${first?.[0] ?? "node"}.log`), deadline, "the node", async () => {
      const { items } = await client.resource(nodeKind).list();
      const waiting = [...expected].filter((name) => !items.some((node) => node.metadata?.name === name && isNodeReady(node)));
      const [next] = waiting;
      if (next === undefined) return undefined;
      progress.detail(`${expected.size - waiting.length} of ${expected.size} ready`);
      return `${next}: ${notReadyReason(items.find((node) => node.metadata?.name === next))}`;
    });
  }

  async #leasesRenewed(config: ClusterConfig, paths: ClusterPaths, client: Client, sinceMs: number, deadline: number): Promise<void> {
    const first = this.#nodeProcessFiles(config, paths)[0];
    const process = first === undefined ? undefined : findProcess(first[1]);
    await this.#poll(process, join(paths.logs, `${first?.[0] ?? "node"}.log`), deadline, "the node", async () => {
      const { items } = await client.resource(leaseKind).list({ namespace: "kube-node-lease" });
      const renewed = new Set(
        items.flatMap(({ metadata, spec }) => ((parseTime(spec?.renewTime) ?? 0) >= sinceMs ? [metadata?.name] : [])),
      );
      const waiting = config.nodes.find((node) => !renewed.has(node));
      return waiting === undefined ? undefined : `${waiting}: has not renewed its lease yet`;
    });
  }

  /** Waits until `problem` answers nothing, the process ends, or the time is up. */
  async #poll(
    process: RunningProcess | undefined,
    logFile: string,
    deadline: number,
    what: string,
    problem: () => Promise<string | undefined>,
  ): Promise<void> {
    for (;;) {
      const left = await problem().catch(messageOf);
      if (left === undefined) return;
      if (process !== undefined && !isRunning(process)) {
        throw new UserError(`${capitalised(what)} ended at once: ${lastLine(logFile)}`, `Its log is ${logFile}`);
      }
      if (this.#host.clock.monotonic() > deadline) {
        throw new UserError(
          `${capitalised(what)} did not become ready in time: ${left}`,
          `Its log is ${logFile}; wait longer with --wait 5m`,
        );
      }
      await sleep(this.#host.clock, POLL_MS);
    }
  }

  async #mergeKubeconfig(config: ClusterConfig, paths: ClusterPaths, kubeconfig: string): Promise<void> {
    const pki = createClusterPki(this.#host, { files: readPki(paths.pki) });
    const files = nodeFileSystem(this.#host.clock, this.#host.random);
    await mergeIntoKubeconfig(
      files,
      kubeconfig,
      kubeconfigEntry(contextName(config.name), administrator(apiAddress(config)), pki.authority),
    );
  }

  async #listNodes(paths: ClusterPaths): Promise<readonly Node[]> {
    try {
      const client = await clientFromKubeconfig(paths.adminKubeconfig, this.#host);
      return (await client.resource(nodeKind).list()).items;
    } catch {
      // The server is there but does not answer: then nothing is known of the nodes.
      return [];
    }
  }

  /** The node processes and their pid files: one for each node, or one that plays all simulated nodes. */
  #nodeProcessFiles(config: ClusterConfig, paths: ClusterPaths): [node: string, pidFile: string][] {
    const names = config.runtime === "simulated" ? ["simulated"] : config.nodes;
    return names.map((name) => [name, join(nodePaths(paths, name).run, "node.pid")]);
  }

  async #stop(pidFile: string): Promise<void> {
    const running = findProcess(pidFile);
    if (running !== undefined) await stopProcess(this.#host.clock, running, pidFile, STOP_GRACE_MS);
  }
}

/** Where clients on this machine reach the API. */
export function apiAddress(config: ClusterConfig): string {
  return `https://127.0.0.1:${config.apiPort}`;
}

function defaultRuntime(): RuntimeChoice {
  return canRunContainers() ? "containerd" : "simulated";
}

function noSuchCluster(name: string, home: StateHome): UserError {
  const names = home.clusters();
  return new UserError(
    `There is no cluster named ${name}.`,
    names.length === 0
      ? "Start one with: skiff up"
      : `There ${names.length === 1 ? "is" : "are"}: ${names.join(", ")}. Start this one with: skiff up --name ${name}`,
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lastLine(logFile: string): string {
  if (!existsSync(logFile)) return "it left no log";
  const lines = readFileSync(logFile, "utf8").trim().split("\n");
  const last = lines.at(-1) ?? "";
  try {
    const { message, error } = JSON.parse(last) as { message?: string; error?: string };
    return [message, error].filter((part) => part !== undefined).join(": ");
  } catch {
    return last.slice(0, 300);
  }
}
