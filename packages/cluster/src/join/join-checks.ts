import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { isStatus, nodeKind } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { Client } from "@skiff/client";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import type { ClusterPaths } from "../layout/cluster-paths.ts";
import { otherClusters } from "../manage/create-cluster.ts";
import { cidrsOverlap, ensureOwnAddress, machineNetworks } from "../manage/machine-addresses.ts";
import { isNodeReady } from "../manage/node-status.ts";
import { canRunContainers, ensurePackages, ensureSpace } from "../preflight.ts";
import { KeptProcesses } from "../process/kept-processes.ts";
import { UserError } from "../user-error.ts";
import type { JoiningMachine, JoinReport, JoinWish } from "./join-cluster.ts";
import type { NodeConfig } from "./node-config.ts";

/** The rule for names of objects that are names of hosts too (RFC 1123). */
const NODE_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** The name as it is. Errors: a {@link UserError} when no node can have it. */
export function checkNodeName(name: string): string {
  if (NODE_NAME.test(name)) return name;
  throw new UserError(
    `"${name}" cannot be the name of a node.`,
    "Choose one of lower-case letters, digits, dashes and dots with --node-name.",
  );
}

/** Makes sure that the machine can run a node, and that there is room for a cluster of that name. Errors: a {@link UserError}. */
export async function checkMachine({ name, address, install }: JoinWish, paths: ClusterPaths, report: JoinReport): Promise<void> {
  if (!canRunContainers()) throw new UserError("A node needs Linux and root.", "Run the command with sudo.");
  if (existsSync(paths.config))
    throw new UserError(
      `This machine already has a cluster named ${name}.`,
      `Start it with: skiff up --name ${name} — remove it with: skiff delete --name ${name} — or join under another name with --name.`,
    );
  if (existsSync(paths.data) && readdirSync(paths.data).length > 0)
    throw new UserError(`${paths.data} is not empty and holds no Skiff cluster.`, "Choose an empty directory with --data-dir.");
  if (address !== undefined) ensureOwnAddress(address);
  await ensurePackages(install, (line) => report("preflight", line), "skiff join");
  ensureSpace(paths.data);
}

/**
 * Makes sure that the ranges of the cluster are free on this machine: its own networks, and clusters that run in the same
 * network. Errors: a {@link UserError}.
 */
export function checkRanges({ network }: NodeConfig, name: string, { home, host }: JoiningMachine): void {
  const ranges = [network.clusterCidr, network.serviceCidr, network.loadBalancerCidr];
  const overlaps = (cidr: string): boolean => ranges.some((range) => cidrsOverlap(cidr, range));
  const rival = otherClusters(home, name).find(
    (config) =>
      (overlaps(config.network.clusterCidr) || overlaps(config.network.serviceCidr)) &&
      runsInThisNetwork(config, home.paths(config.name), host),
  );
  if (rival !== undefined)
    throw new UserError(
      `Cluster ${rival.name}, which runs on this machine, uses the same addresses for Pods and Services.`,
      `Stop it with: skiff down --name ${rival.name}`,
    );
  const taken = machineNetworks().find(overlaps);
  if (taken !== undefined)
    throw new UserError(
      `This machine is in the network ${taken}, which the cluster uses for Pods or Services.`,
      "Take the machine out of that network, or have the cluster made anew with other ranges.",
    );
}

function runsInThisNetwork(config: ClusterConfig, paths: ClusterPaths, { clock }: Host): boolean {
  const kept = new KeptProcesses(paths, clock);
  return config.nodes.some((node) => {
    const pid = kept.find({ role: "node", node }).program?.pid;
    return pid !== undefined && networkOf(String(pid)) === networkOf("self");
  });
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    // It has ended in between.
    return undefined;
  }
}

/** Makes sure that no working node has the name. Errors: a {@link UserError}. */
export async function checkNodeIsFree(client: Client, nodeName: string): Promise<void> {
  const node = await client
    .resource(nodeKind)
    .get({ name: nodeName })
    .catch((error: unknown) => {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    });
  if (node !== undefined && isNodeReady(node))
    throw new UserError(
      `A node with the name ${nodeName} and the status Ready is already in the cluster.`,
      `Delete it there with: kubectl delete node ${nodeName} — or choose another name with --node-name.`,
    );
}
