import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeFileAtomically } from "./atomic-file.ts";
import { CLUSTER_NAME } from "./cluster-config.ts";
import { clusterPaths, type ClusterPaths } from "./cluster-paths.ts";
import { UserError } from "../user-error.ts";

/** The parts of the environment that decide where clusters live. */
interface StateEnvironment {
  readonly isRoot: boolean;
  readonly home: string;
  readonly xdgDataHome: string | undefined;
  readonly xdgRuntimeDir: string | undefined;
}

/** The clusters of one user on one machine: which there are, and where their data is. */
export class StateHome {
  readonly #data: string;
  readonly #run: string;

  constructor(environment: StateEnvironment) {
    const { isRoot, home } = environment;
    // An empty variable counts as one that is not set, as the XDG base directory specification has it.
    const xdgData = environment.xdgDataHome === "" ? undefined : environment.xdgDataHome;
    const xdgRun = environment.xdgRuntimeDir === "" ? undefined : environment.xdgRuntimeDir;
    this.#data = isRoot ? "/var/lib/skiff" : join(xdgData ?? join(home, ".local/share"), "skiff");
    this.#run = isRoot ? "/run/skiff" : join(xdgRun ?? join(this.#data, "run"), "skiff");
  }

  /** The names of all clusters, sorted. */
  clusters(): string[] {
    const folder = join(this.#data, "clusters");
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -5)] : []))
      .sort();
  }

  /** Where the cluster lives, or would live: `dataDir` counts only for a cluster that does not exist yet. */
  paths(name: string, dataDir?: string): ClusterPaths {
    if (!CLUSTER_NAME.test(name)) {
      throw new UserError(
        `"${name}" cannot be the name of a cluster.`,
        "Use at most 20 lower-case letters, digits and dashes, beginning with a letter.",
      );
    }
    const known = this.#knownDataDirectory(name);
    const asked = dataDir === undefined ? undefined : resolve(dataDir);
    if (known !== undefined && asked !== undefined && known !== asked) {
      throw new UserError(
        `Cluster ${name} already has its data in ${known}.`,
        `Leave out --data-dir, or remove the cluster with: skiff delete --name ${name}`,
      );
    }
    return clusterPaths(known ?? asked ?? join(this.#data, name), join(this.#run, name));
  }

  register(name: string, paths: ClusterPaths): void {
    mkdirSync(join(this.#data, "clusters"), { recursive: true, mode: 0o700 });
    writeFileAtomically(this.#pointer(name), `${JSON.stringify({ dataDirectory: paths.data })}\n`, 0o600);
  }

  forget(name: string): void {
    rmSync(this.#pointer(name), { force: true });
  }

  #pointer(name: string): string {
    return join(this.#data, "clusters", `${name}.json`);
  }

  #knownDataDirectory(name: string): string | undefined {
    if (!existsSync(this.#pointer(name))) return undefined;
    try {
      const { dataDirectory } = JSON.parse(readFileSync(this.#pointer(name), "utf8")) as { dataDirectory?: unknown };
      if (typeof dataDirectory === "string") return dataDirectory;
    } catch {
      // Falls through to the message below: what is wrong with the file does not help anybody.
    }
    throw new UserError(
      `The note of where cluster ${name} lives, ${this.#pointer(name)}, is damaged.`,
      `Remove that file and run skiff up --name ${name} --data-dir with the directory of the cluster.`,
    );
  }
}
