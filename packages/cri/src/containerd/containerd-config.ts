/** Where a containerd of our own keeps everything, and how it runs containers. All paths are absolute. */
export interface ContainerdOptions {
  /** What is kept across restarts: images, snapshots, metadata. */
  readonly rootDirectory: string;
  /** What lasts as long as the machine is up: bundles of running containers, their network namespaces. */
  readonly stateDirectory: string;
  /** At most 100 bytes, for the kernel's limit on socket names. */
  readonly socketPath: string;
  readonly sandboxImage: string;
  readonly cniConfigDirectory: string;
  readonly cniBinDirectory: string;
  /** `certs.d`: one directory per registry, each with a `hosts.toml`. */
  readonly registryConfigDirectory: string;
  /** `native` copies files, and works where overlay file systems cannot be stacked. */
  readonly snapshotter: "overlayfs" | "native";
  readonly cgroupDriver: "cgroupfs" | "systemd";
  /** True where CAP_SYS_RESOURCE is missing: then `oom_score_adj` cannot be lowered, and every sandbox would fail. */
  readonly restrictOomScoreAdj: boolean;
  /** Default: `runc` of the search path. */
  readonly runcBinary?: string;
  /** Default `warn`, for the log file grows while containerd runs. */
  readonly logLevel?: "debug" | "info" | "warn" | "error";
}

/** The longest name of a socket that leaves room for the suffix that containerd adds for its ttrpc socket. */
const SOCKET_PATH_MAX = 100;

/** Snapshotters that are never used; left on, each one logs an error at every start. `opt` would make a directory below `/opt`. */
const DISABLED_PLUGINS = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
];

const CRI = 'plugins."io.containerd.grpc.v1.cri"';

/**
 * The configuration file of containerd, version 2: read by containerd 1.5 and later, 2.x included.
 *
 * Errors: throws a `RangeError` when the name of the socket is too long.
 */
export function renderContainerdConfig(options: ContainerdOptions): string {
  if (Buffer.byteLength(options.socketPath) > SOCKET_PATH_MAX) {
    throw new RangeError(`the socket ${options.socketPath} has more than ${SOCKET_PATH_MAX} bytes in its name; choose a shorter directory`);
  }
  const sections: readonly Section[] = [
    {
      name: undefined,
      values: {
        version: 2,
        root: options.rootDirectory,
        state: options.stateDirectory,
        disabled_plugins: DISABLED_PLUGINS,
        oom_score: 0,
      },
    },
    { name: "grpc", values: { address: options.socketPath, uid: 0, gid: 0 } },
    { name: "debug", values: { level: options.logLevel ?? "warn" } },
    {
      name: CRI,
      values: {
        sandbox_image: options.sandboxImage,
        restrict_oom_score_adj: options.restrictOomScoreAdj,
        stream_server_address: "127.0.0.1",
        stream_server_port: "0",
        // Below our own directory, so that removing a cluster finds all of them.
        netns_mounts_under_state_dir: true,
        // Low ports and ping without privileges, as Docker allows them and the guides expect.
        enable_unprivileged_ports: true,
        enable_unprivileged_icmp: true,
      },
    },
    { name: `${CRI}.containerd`, values: { snapshotter: options.snapshotter, default_runtime_name: "runc" } },
    { name: `${CRI}.containerd.runtimes.runc`, values: { runtime_type: "io.containerd.runc.v2" } },
    {
      name: `${CRI}.containerd.runtimes.runc.options`,
      values: {
        ...(options.runcBinary !== undefined && { BinaryName: options.runcBinary }),
        SystemdCgroup: options.cgroupDriver === "systemd",
        // Ours alone: removing a cluster removes it.
        Root: `${options.stateDirectory}/runc`,
      },
    },
    { name: `${CRI}.cni`, values: { bin_dir: options.cniBinDirectory, conf_dir: options.cniConfigDirectory, max_conf_num: 1 } },
    { name: `${CRI}.registry`, values: { config_path: options.registryConfigDirectory } },
  ];
  return sections.map(renderSection).join("\n");
}

interface Section {
  readonly name: string | undefined;
  readonly values: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

function renderSection({ name, values }: Section): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${renderValue(value)}\n`);
  return (name === undefined ? "" : `[${name}]\n`) + lines.join("");
}

/** JSON's numbers, booleans and strings are TOML's too; only the slash may be written differently, and is not. */
function renderValue(value: string | number | boolean | readonly string[]): string {
  return typeof value === "object" ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]` : JSON.stringify(value);
}
