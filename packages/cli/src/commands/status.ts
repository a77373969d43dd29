import type { ClusterStatus } from "@skiff/cluster";
import { Option, type Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import type { CommandContext } from "../command-context.ts";
import { parseClusterName } from "../option-parsers.ts";
import { coloured, type Terminal } from "../terminal.ts";

/** `skiff status`. */
export function addStatus(program: Command, context: CommandContext): void {
  program
    .command("status")
    .description("say whether the cluster runs, and how its nodes are")
    .option("--name <name>", "the cluster", parseClusterName, "skiff")
    .addOption(new Option("-o, --output <format>", "text or json").choices(["text", "json"]).default("text"))
    .addHelpText("after", "\nExamples:\n  skiff status\n  skiff status -o json | jq .processes")
    .action(async ({ name, output }: { readonly name: string; readonly output: string }) => {
      const status = await clusterManager(context).status(name);
      context.terminal.out(output === "json" ? `${JSON.stringify(status, undefined, 2)}\n` : describe(status, context.terminal));
    });
}

function describe(status: ClusterStatus, terminal: Terminal): string {
  const lines = [
    `Cluster ${status.name}: ${status.running ? coloured(terminal, "green", "running") : coloured(terminal, "yellow", "stopped")}`,
    `  API      ${status.api}   (${status.context === undefined ? "of another machine" : `context ${status.context}`})`,
    `  Runtime  ${status.runtime}`,
    `  Store    ${status.store} in ${status.dataDirectory}`,
    `  Balancer addresses of ${status.loadBalancerPool}`,
  ];
  const shown = status.nodes.slice(0, 20);
  for (const node of shown) {
    const state = node.ready ? coloured(terminal, "green", "Ready") : coloured(terminal, "red", "NotReady");
    lines.push(
      `  Node     ${node.name}  ${state}${node.address === undefined ? "" : `  ${node.address}`}${node.reason === undefined ? "" : `  ${node.reason}`}`,
    );
  }
  if (status.nodes.length > shown.length) lines.push(`           … and ${status.nodes.length - shown.length} more`);
  for (const process of status.processes)
    lines.push(`  Process  ${process.role}${process.node === undefined ? "" : ` (${process.node})`}  pid ${process.pid}`);
  if (!status.running) lines.push(`Start it with: skiff up${status.name === "skiff" ? "" : ` --name ${status.name}`}`);
  return `${lines.join("\n")}\n`;
}
