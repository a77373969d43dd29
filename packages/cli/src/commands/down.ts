import type { Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import type { CommandContext } from "../command-context.ts";
import { parseClusterName } from "../option-parsers.ts";
import { ProgressLines } from "../terminal.ts";

/** `skiff down`. */
export function addDown(program: Command, context: CommandContext): void {
  program
    .command("down")
    .description("stop the cluster and keep its data; workloads come back with the next up")
    .option("--name <name>", "the cluster", parseClusterName, "skiff")
    .addHelpText("after", "\nExamples:\n  skiff down\n  skiff down --name test")
    .action(async ({ name }: { readonly name: string }) => {
      const progress = new ProgressLines(context.terminal, context.host.clock);
      await clusterManager(context).down(name, progress);
      progress.end();
      context.terminal.out(`Cluster ${name} is stopped; its data are kept.\n`);
    });
}
