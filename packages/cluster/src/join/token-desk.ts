import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BootstrapToken } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { Client } from "@skiff/client";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import type { ClusterPaths } from "../layout/cluster-paths.ts";
import { advertisedAddress } from "../manage/api-addresses.ts";
import { clientFromKubeconfig } from "../manage/api-connection.ts";
import { UserError } from "../user-error.ts";
import { authorityHashes } from "./authority-hash.ts";
import { ensureJoinable, nodeConfigOf } from "./node-config.ts";

/** A client of a running cluster of this machine that may handle its tokens. Errors: a {@link UserError} when there is none. */
export async function tokenClient(host: Host, config: ClusterConfig, paths: ClusterPaths): Promise<Client> {
  if (config.joined !== undefined)
    throw new UserError(
      `This machine is a node of the cluster at ${config.joined}.`,
      "Run the command on the machine of the cluster, where skiff up made it.",
    );
  try {
    const client = await clientFromKubeconfig(paths.adminKubeconfig, host);
    await client.raw({ method: "GET", path: "/readyz" });
    return client;
  } catch (cause) {
    throw new UserError(`Cluster ${config.name} does not run.`, `Start it with: skiff up --name ${config.name}`, { cause });
  }
}

/** Makes sure that other machines can join a cluster of this machine. Errors: a {@link UserError} when they cannot. */
export function ensureOthersCanJoin(config: ClusterConfig): void {
  ensureJoinable(nodeConfigOf(config));
}

/** The command with which another machine joins the cluster by a token. */
export function joinCommand(config: ClusterConfig, paths: ClusterPaths, { id, secret }: BootstrapToken): string {
  const [hash = ""] = authorityHashes(readFileSync(join(paths.pki, "ca.crt"), "utf8"));
  const where = `${advertisedAddress(config)}:${config.apiPort}`;
  return `skiff join ${where} --token ${id}.${secret} --discovery-token-ca-cert-hash ${hash}`;
}
