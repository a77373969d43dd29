import type { Host } from "@skiff/base";
import type { ContainerdImages } from "@skiff/cri";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import { UserError } from "../user-error.ts";
import { containerdOf } from "./node-process.ts";

/** The images of one node, over a connection of its own. */
interface NodeImages {
  readonly node: string;
  readonly images: ContainerdImages;
  close(): Promise<void>;
}

/** The images of every node of a running cluster. Errors: a {@link UserError} when there are none. */
export async function clusterImages(host: Host, config: ClusterConfig, paths: ClusterPaths): Promise<NodeImages[]> {
  if (config.runtime === "simulated")
    throw new UserError(`Cluster ${config.name} has simulated nodes: they have every image.`, "Nothing needs to be loaded.");
  return Promise.all(
    config.nodes.map(async (node) => {
      const { images, runtime } = await containerdOf(host, nodePaths(paths, node));
      try {
        await runtime.version();
      } catch (cause) {
        await runtime.close();
        throw new UserError(`Node ${node} does not run.`, `Start the cluster with: skiff up --name ${config.name}`, { cause });
      }
      return { node, images, close: () => runtime.close() };
    }),
  );
}
