import { runNode } from "@skiff/cluster";
import type { Command } from "commander";
import { runUntilSignal } from "../run-until-signal.ts";

/** `skiff node`: what `skiff up` starts for each node. */
export function addNode(program: Command): void {
  program
    .command("node")
    .description("run one node of a cluster: kubelet, Service proxy and DNS (started by skiff up)")
    .requiredOption("--data-dir <directory>", "the cluster's data directory")
    .requiredOption("--run-dir <directory>", "the cluster's run directory")
    .requiredOption("--node <name>", "the node; `simulated` plays all nodes of a simulated cluster")
    .action(async ({ dataDir, runDir, node }: { readonly dataDir: string; readonly runDir: string; readonly node: string }) => {
      await runUntilSignal((host) => runNode({ host, dataDir, runDir, nodeName: node }));
    });
}
