import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createClusterPki } from "@skiff/apiserver";
import { messageOf, type Host } from "@skiff/base";
import { loadKubeconfig, mergeIntoKubeconfig, nodeFileSystem, removeFromKubeconfig, type Client } from "@skiff/client";
import { joinCluster, type JoinReport, type JoinWish } from "../join/join-cluster.ts";
import { contextName, type ClusterConfig, type RuntimeChoice } from "../layout/cluster-config.ts";
import { readClusterConfig } from "../layout/cluster-file.ts";
import { nodePaths, processLog, type ClusterPaths } from "../layout/cluster-paths.ts";
import { readPki } from "../layout/pki-files.ts";
import { removeFolder } from "../layout/remove-folder.ts";
import type { StateHome } from "../layout/state-home.ts";
import { canRunContainers, ensurePackages, ensureSpace } from "../preflight.ts";
import { KeptProcesses, type ClusterPart, type Kept } from "../process/kept-processes.ts";
import { withOperationLock } from "../process/operation-lock.ts";
import type { Progress } from "../progress.ts";
import { UserError } from "../user-error.ts";
import { clientFromKubeconfig } from "./api-connection.ts";
import { apiAddress, clusterStatus, nodeParts, type ClusterStatus } from "./cluster-status.ts";
import type { RegistryMirror } from "@skiff/cri";
import { writeRegistryMirrors } from "../node/registry-mirrors.ts";
import { ensurePki, openOrCreateCluster, type ClusterWish } from "./create-cluster.ts";
import { isPortFree } from "./free-port.ts";
import { administrator, kubeconfigEntry, writeKubeconfig } from "./identities.ts";
import { nodeCommand, serverCommand, type Launcher } from "./launcher.ts";
import { issueNodeCredentials } from "./node-credentials.ts";
import type { NodeNetworks } from "./node-networks.ts";
import { noSuchCluster } from "./no-such-cluster.ts";
import { apiReady, leasesRenewed, nodesReady, type Wait } from "./wait-until-ready.ts";

/** The options of `skiff up`. */
interface UpOptions extends ClusterWish {
  readonly dataDir: string | undefined;
  /** The user's kubeconfig file, into which the context is merged. */
  readonly kubeconfig: string;
  readonly install: boolean;
  /** Replaces the registry mirrors of the cluster; nodes take it up when they start. Absent: they stay as they are. */
  readonly registryMirrors?: readonly RegistryMirror[];
  readonly waitMs: number;
}

/** The options of `skiff join`. */
interface JoinOptions extends JoinWish {
  readonly dataDir: string | undefined;
  readonly registryMirrors?: readonly RegistryMirror[];
  /** How long to wait until the node is Ready. */
  readonly waitMs: number;
}

/** What the manager is made of. */
interface ClusterManagerOptions {
  readonly host: Host;
  readonly home: StateHome;
  readonly launcher: Launcher;
  readonly networks: NodeNetworks;
  readonly version: string;
}

/** A cluster and its place on this machine. */
interface Cluster {
  readonly config: ClusterConfig;
  readonly paths: ClusterPaths;
}

const STOP_GRACE_MS = 15_000;

/**
 * Starts, stops, describes and removes the clusters of one user on one machine. What changes a cluster waits for other
 * commands that do, so that any number of them may run at once.
 */
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
   * Errors: a {@link UserError}; what did not run before is stopped again, its data stay.
   */
  async up(options: UpOptions, progress: Progress): Promise<Cluster> {
    const paths = this.#options.home.paths(options.name, options.dataDir);
    return this.#alone(paths, progress, async () => {
      progress.phase("Checking the machine");
      // A kubeconfig that cannot be read is better noticed before there is a cluster to put into it.
      await loadKubeconfig(nodeFileSystem(this.#host.clock, this.#host.random), [options.kubeconfig]);
      const config = await this.#openOrCreate(options, paths, progress);
      ensureSpace(paths.data);
      if (options.registryMirrors !== undefined) writeRegistryMirrors(paths.registries, options.registryMirrors);
      mkdirSync(paths.run, { recursive: true, mode: 0o700 });
      const cluster = { config, paths };
      const ranBefore = this.#isRunning(cluster);
      try {
        await this.#start(cluster, progress, this.#host.clock.monotonic() + options.waitMs);
      } catch (error) {
        if (!ranBefore) await this.#stop(cluster, progress);
        throw error;
      }
      // A machine that has joined holds nothing with which to administer the cluster.
      if (config.joined !== undefined) return cluster;
      progress.phase("Writing the kubeconfig");
      await this.#mergeKubeconfig(cluster, options.kubeconfig);
      return cluster;
    });
  }

  /**
   * Makes this machine a node of another one's cluster and waits until the node is Ready. From then on it is stopped, started
   * and removed as a cluster of this machine is.
   *
   * Errors: a {@link UserError}; nothing is left on this machine.
   */
  async join(options: JoinOptions, report: JoinReport): Promise<Cluster> {
    const paths = this.#options.home.paths(options.name, options.dataDir);
    const progress: Progress = { phase: (title) => report("node", title), detail() {} };
    return this.#alone(paths, progress, async () => {
      const config = await joinCluster(options, paths, this.#options, report);
      const cluster = { config, paths };
      try {
        if (options.registryMirrors !== undefined) writeRegistryMirrors(paths.registries, options.registryMirrors);
        mkdirSync(paths.run, { recursive: true, mode: 0o700 });
        const nextStep = "Nothing is left of it on this machine. Run the command again; on a slow machine with --wait 10m.";
        await this.#start(cluster, progress, this.#host.clock.monotonic() + options.waitMs, nextStep);
      } catch (error) {
        await this.#remove(paths, options.name, config, progress);
        throw error;
      }
      return cluster;
    });
  }

  /** Stops every process of the cluster and every container; the data stay. Nothing happens when it does not run. */
  async down(name: string, progress: Progress): Promise<void> {
    const cluster = this.open(name);
    await this.#alone(cluster.paths, progress, () => this.#stop(cluster, progress));
  }

  /**
   * Removes everything that the cluster made: processes, containers, networks, rules, mounts, data, kubeconfig entry. Answers
   * what the cluster was, when its description could be read.
   */
  async delete(name: string, kubeconfig: string, progress: Progress): Promise<ClusterConfig | undefined> {
    const { home } = this.#options;
    const paths = home.paths(name);
    if (!existsSync(paths.config) && !existsSync(paths.data) && !home.clusters().includes(name)) throw noSuchCluster(name, home);
    return this.#alone(paths, progress, async () => {
      let config: ClusterConfig | undefined;
      try {
        config = readClusterConfig(paths);
      } catch (error) {
        // A damaged description must not keep the rest from being removed.
        this.#host.log.warn("the description of the cluster is damaged", { error: messageOf(error) });
      }
      await this.#remove(paths, name, config, progress);
      if (config?.joined === undefined)
        await removeFromKubeconfig(nodeFileSystem(this.#host.clock, this.#host.random), kubeconfig, contextName(name));
      return config;
    });
  }

  /** What runs, and how it is. */
  status(name: string): Promise<ClusterStatus> {
    const { networks, version } = this.#options;
    const cluster = this.open(name);
    return clusterStatus({ ...cluster, host: this.#host, networks, version, kept: this.#kept(cluster.paths) });
  }

  /** The names of the clusters of this user. */
  clusters(): string[] {
    return this.#options.home.clusters();
  }

  /** The cluster of that name. Errors: a {@link UserError} when there is none. */
  open(name: string): Cluster {
    const { home } = this.#options;
    const paths = home.paths(name);
    const config = readClusterConfig(paths);
    if (config === undefined) throw noSuchCluster(name, home);
    return { config, paths };
  }

  /** Whether its server runs, or its node where it has joined another machine's. */
  #isRunning({ config, paths }: Cluster): boolean {
    const [node] = nodeParts(config);
    const part: ClusterPart = config.joined === undefined || node === undefined ? { role: "server" } : node;
    return this.#kept(paths).find(part).program !== undefined;
  }

  #kept(paths: ClusterPaths): KeptProcesses {
    return new KeptProcesses(paths, this.#host.clock);
  }

  /** Does the work while no other command changes the same cluster. */
  #alone<T>(paths: ClusterPaths, progress: Progress, work: () => Promise<T>): Promise<T> {
    return withOperationLock(`${paths.run}.lock`, () => progress.phase("Waiting for another command that changes the cluster"), work);
  }

  /** Clusters that come to be at the same time must not choose the same ports and networks. */
  #openOrCreate(options: UpOptions, paths: ClusterPaths, progress: Progress): Promise<ClusterConfig> {
    const lock = join(dirname(paths.run), ".clusters.lock");
    const onWait = (): void => progress.detail("waiting for another cluster that is being created");
    const checkRuntime = async (runtime: RuntimeChoice): Promise<void> => {
      if (runtime === "simulated") return;
      if (!canRunContainers())
        throw new UserError("Real containers need Linux and root.", "Run the command with sudo, or use --runtime simulated.");
      await ensurePackages(options.install, (line) => progress.detail(line));
    };
    const { home } = this.#options;
    return withOperationLock(lock, onWait, () =>
      openOrCreateCluster(options, paths, {
        home,
        host: this.#host,
        defaultRuntime,
        checkRuntime,
        isRunning: (config) => this.#isRunning({ config, paths }),
      }),
    );
  }

  async #start(cluster: Cluster, progress: Progress, deadline: number, nextStep?: string): Promise<void> {
    const { config, paths } = cluster;
    const [first] = nodeParts(config);
    if (first === undefined) return;
    const client =
      config.joined === undefined
        ? await this.#startServer(cluster, progress, deadline)
        : await clientFromKubeconfig(nodePaths(paths, first.node).kubeconfig, this.#host);
    const startedAt = this.#host.clock.now();
    const started = await this.#startNodes(cluster, progress);
    progress.phase(config.nodes.length === 1 ? "Waiting for the node" : `Waiting for ${config.nodes.length} nodes`);
    const [kept] = started;
    if (kept === undefined) return;
    const pid = (): number | undefined => this.#kept(paths).find(first).program?.pid;
    const wait: Wait = { host: this.#host, kept, pid, logFile: processLog(paths, first.node), deadline, nextStep };
    await nodesReady(wait, client, config, progress);
    if (started.some(({ isNew }) => isNew)) await leasesRenewed(wait, client, config, startedAt);
  }

  async #remove(paths: ClusterPaths, name: string, config: ClusterConfig | undefined, progress: Progress): Promise<void> {
    const { home, networks } = this.#options;
    if (config !== undefined) await this.#stop({ config, paths }, progress);
    await this.#kept(paths).stopAll(STOP_GRACE_MS);
    progress.phase("Removing the data");
    if (config !== undefined) await networks.releaseMounts(config, paths);
    removeFolder(paths.data);
    rmSync(paths.run, { recursive: true, force: true });
    home.forget(name);
  }

  async #stop({ config, paths }: Cluster, progress: Progress): Promise<void> {
    const { networks } = this.#options;
    const kept = this.#kept(paths);
    progress.phase("Stopping the nodes");
    // Nodes go first, while the API still answers, so that what they last saw is what is stored.
    await Promise.all(nodeParts(config).map((part) => kept.stop(part, STOP_GRACE_MS)));
    await networks.stopRuntimes(config, paths);
    if (config.joined === undefined) progress.phase("Stopping the API server");
    await kept.stop({ role: "server" }, STOP_GRACE_MS);
    progress.phase("Removing the nodes' networks");
    await networks.remove(config, paths);
  }

  async #startServer({ config, paths }: Cluster, progress: Progress, deadline: number): Promise<Client> {
    progress.phase("Starting the API server");
    ensurePki(paths, config, this.#host);
    const pki = createClusterPki(this.#host, { files: readPki(paths.pki) });
    writeKubeconfig(paths.adminKubeconfig, contextName(config.name), administrator(apiAddress(config)), pki.authority);
    const processes = this.#kept(paths);
    const { keeper, program } = processes.find({ role: "server" });
    if (keeper === undefined && program === undefined && !(await isPortFree(config.apiPort))) {
      throw new UserError(
        `Port ${config.apiPort}, on which cluster ${config.name} serves its API, is in use by another program.`,
        "End that program, then run the command again.",
      );
    }
    const logFile = processLog(paths, "server");
    const kept = processes.keep({ part: { role: "server" }, command: serverCommand(this.#options.launcher, paths), logFile });
    const client = await clientFromKubeconfig(paths.adminKubeconfig, this.#host);
    const pid = (): number | undefined => processes.find({ role: "server" }).program?.pid;
    await apiReady({ host: this.#host, kept, pid, logFile, deadline }, client);
    return client;
  }

  async #startNodes({ config, paths }: Cluster, progress: Progress): Promise<Kept[]> {
    progress.phase(config.nodes.length === 1 ? "Starting the node" : `Starting ${config.nodes.length} nodes`);
    const { networks, launcher } = this.#options;
    if (config.joined === undefined) issueNodeCredentials(this.#host, config, paths, networks);
    await networks.create(config, paths);
    const kept = this.#kept(paths);
    return nodeParts(config).map((part) =>
      kept.keep({
        part,
        command: nodeCommand(launcher, paths, part.node, networks.namespace(config, part.node)),
        logFile: processLog(paths, part.node),
      }),
    );
  }

  async #mergeKubeconfig({ config, paths }: Cluster, kubeconfig: string): Promise<void> {
    const pki = createClusterPki(this.#host, { files: readPki(paths.pki) });
    const files = nodeFileSystem(this.#host.clock, this.#host.random);
    await mergeIntoKubeconfig(
      files,
      kubeconfig,
      kubeconfigEntry(contextName(config.name), administrator(apiAddress(config)), pki.authority),
    );
  }
}

function defaultRuntime(): RuntimeChoice {
  return canRunContainers() ? "containerd" : "simulated";
}
