import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bridgeName } from "@skiff/cni";
import { type Kubectl, run, type TestCluster } from "./test-cluster.ts";

interface PodAnswer {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly state: { readonly running?: object } }[];
  };
}

/**
 * What the first node of a cluster has of Pods that are gone, or lacks of Pods that are there: tasks, network namespaces,
 * links, mounts and packet rules, one line each. Every Pod must have one container and a network of its own.
 */
export async function orphans(cluster: TestCluster, kubectl: Kubectl): Promise<string[]> {
  const pods = (JSON.parse(await kubectl.ok("get pods -A -o json")) as { items: PodAnswer[] }).items;
  const node = `${cluster.name}-1`;
  const runDirectory = `/run/skiff/${cluster.name}/${node}`;
  const tasks = await tasksOf(join(runDirectory, "containerd.sock"));
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const namespaces = mounts.filter((line) => line.includes(`${runDirectory}/`) && line.includes("/netns/"));
  const links = readdirSync(`/sys/class/net/${bridgeName(cluster.name, node)}/brif`);
  return [
    ...taskProblems(pods, tasks),
    ...count("network namespaces", namespaces, pods.length),
    ...count("links", links, pods.length),
    ...mountProblems(cluster, mounts, pods, tasks),
    ...(await ruleProblems(cluster, pods)),
  ];
}

async function tasksOf(socket: string): Promise<Set<string>> {
  if (!existsSync(socket)) throw new Error(`there is no ${socket}`);
  const { stdout } = await run("ctr", ["--address", socket, "--namespace", "k8s.io", "tasks", "list", "-q"]);
  return new Set(stdout.split("\n").filter((line) => line !== ""));
}

function taskProblems(pods: readonly PodAnswer[], tasks: ReadonlySet<string>): string[] {
  const containers = pods.flatMap(({ status }) =>
    (status.containerStatuses ?? []).flatMap(({ containerID, state }) =>
      state.running === undefined ? [] : [containerID?.slice(13) ?? ""],
    ),
  );
  // Beside its container every Pod has its sandbox.
  return [
    ...containers.filter((id) => !tasks.has(id)).map((id) => `no task of container ${id}`),
    ...count("tasks", [...tasks], pods.length + containers.length),
  ];
}

function mountProblems(cluster: TestCluster, mounts: readonly string[], pods: readonly PodAnswer[], tasks: ReadonlySet<string>): string[] {
  const uids = new Set(pods.map(({ metadata }) => metadata.uid));
  return mounts.flatMap((line) => {
    if (!line.includes(cluster.data) && !line.includes(`/skiff/${cluster.name}/`)) return [];
    const uid = /\/kubelet\/pods\/([^/ ]+)/.exec(line)?.[1];
    const task = /\/k8s\.io\/([^/ ]+)\/rootfs /.exec(line)?.[1] ?? /\/sandboxes\/([^/ ]+)\/shm /.exec(line)?.[1];
    const isNeeded = (uid === undefined || uids.has(uid)) && (task === undefined || tasks.has(task));
    return isNeeded ? [] : [`mount ${line}`];
  });
}

async function ruleProblems(cluster: TestCluster, pods: readonly PodAnswer[]): Promise<string[]> {
  const { stdout } = await run("nft", ["list", "table", "ip", `skiff-${cluster.name}`]);
  const ips = new Set(pods.map(({ status }) => status.podIP));
  const targets = new Set([...stdout.matchAll(/dnat to (10\.2\d\d\.\d+\.\d+):/g)].map(([, ip]) => ip ?? ""));
  if (targets.size === 0) return ["there are no packet rules for Pods"];
  return [...targets].filter((ip) => !ips.has(ip)).map((ip) => `packet rule for ${ip}`);
}

function count(what: string, found: readonly string[], expected: number): string[] {
  return found.length === expected ? [] : [`${found.length} ${what} instead of ${expected}`];
}
