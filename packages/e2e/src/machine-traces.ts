import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bridgeName, layOutNodeNetwork, loadBalancerInterface, overlayInterface } from "@skiff/cni";
import { run, type TestCluster } from "./test-cluster.ts";

/** What a running cluster has made on the machine. */
export interface Traces {
  /**
   * What the machine still has of it, one line each: processes (zombies aside), mounts, network namespaces, links, nft
   * tables, control groups, files and the entry in the kubeconfig. Empty when nothing is left.
   */
  left(): Promise<string[]>;
  /** The same without data and kubeconfig: what `skiff down` has to take away. */
  running(): Promise<string[]>;
}

/** Notes what the cluster, which runs, has made. Fails when that is less than a cluster with Pods must have. */
export async function notedTraces(cluster: TestCluster): Promise<Traces> {
  const { name, data } = cluster;
  const networks = await podNetworks(name, data);
  if (networks.length === 0) throw new Error("no bridge was found");
  const networkLeft = (): string[] => networks.filter((path) => existsSync(path));
  return {
    left: async () => [...(await tracesOf(cluster)), ...networkLeft()],
    running: async () => [
      ...processes(name, data),
      ...(await packetFilter(name)),
      ...controlGroups("/sys/fs/cgroup", name, 3),
      ...networkLeft(),
    ],
  };
}

/** What the machine has now of a cluster, of what carries its name. See {@link Traces.left}. */
export async function tracesOf(cluster: Pick<TestCluster, "name" | "data" | "kubeconfig">): Promise<string[]> {
  const { name, kubeconfig } = cluster;
  return [
    ...processes(name, cluster.data),
    ...lines(readFileSync("/proc/self/mounts", "utf8"), "mount", (line) => line.includes(cluster.data) || line.includes(`/skiff/${name}/`)),
    ...names("/run/netns", "network namespace", name),
    ...(await packetFilter(name)),
    ...controlGroups("/sys/fs/cgroup", name, 3),
    ...[cluster.data, `/run/skiff/${name}`, `/var/lib/skiff/${name}`, `/var/lib/skiff/clusters/${name}.json`]
      .filter((path) => existsSync(path))
      .map((path) => `file ${path}`),
    ...(existsSync(kubeconfig) && readFileSync(kubeconfig, "utf8").includes(`skiff-${name}`) ? [`entry in ${kubeconfig}`] : []),
  ];
}

/** Processes whose command line names the directories of the cluster, or that are in its control groups. */
function processes(name: string, data: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8");
      const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      const belongs = command.includes(data) || command.includes(`/skiff/${name}/`) || groups.includes(`/skiff-${name}/`);
      return belongs && state !== "Z" ? [`process ${pid}: ${command.slice(0, 120)}`] : [];
    } catch {
      // It ended in between.
      return [];
    }
  });
}

/** Nothing of it carries the name of the cluster, hence it has to be noted while the cluster runs. */
async function podNetworks(name: string, data: string): Promise<string[]> {
  const inodes = new Set(
    processes(name, data).flatMap((line) => {
      const pid = /^process (\d+)/.exec(line)?.[1];
      const inode = statSync(`/proc/${pid}/ns/net`, { throwIfNoEntry: false })?.ino;
      return inode === undefined ? [] : [inode];
    }),
  );
  // The machine's own has names too: each cluster of several nodes gives it one.
  inodes.delete(statSync("/proc/self/ns/net").ino);
  const folder = "/run/netns";
  const namespaces = existsSync(folder)
    ? readdirSync(folder).filter((each) => inodes.has(statSync(join(folder, each), { throwIfNoEntry: false })?.ino ?? -1))
    : [];
  const bridge = bridgeName(name, `${name}-1`);
  const ports = existsSync(`/sys/class/net/${bridge}/brif`) ? readdirSync(`/sys/class/net/${bridge}/brif`) : [];
  const { bridge: joining, members } = layOutNodeNetwork({ cluster: name, nodeCidr: "10.0.0.0/24", nodes: 3 });
  return [
    ...namespaces.map((each) => join(folder, each)),
    ...[
      bridge,
      joining,
      loadBalancerInterface(name),
      overlayInterface(name),
      ...ports,
      ...members.map(({ hostInterface }) => hostInterface),
    ].map((each) => `/sys/class/net/${each}`),
  ].filter((path) => existsSync(path));
}

async function packetFilter(name: string): Promise<string[]> {
  const own = [`skiff-${name}`, `skiff_nodes_${name.replaceAll("-", "_")}`];
  return lines((await run("nft", ["list", "tables"])).stdout, "nft", (line) => own.some((table) => line.endsWith(` ${table}`)));
}

function lines(text: string, what: string, matches: (line: string) => boolean): string[] {
  return text.split("\n").flatMap((line) => (matches(line) ? [`${what} ${line}`] : []));
}

function names(folder: string, what: string, part: string): string[] {
  return existsSync(folder) ? readdirSync(folder).flatMap((each) => (each.includes(part) ? [`${what} ${each}`] : [])) : [];
}

function controlGroups(folder: string, name: string, depth: number): string[] {
  if (depth === 0 || !existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(folder, entry.name);
    return entry.name.includes(`skiff-${name}`) ? [`control group ${path}`] : controlGroups(path, name, depth - 1);
  });
}
