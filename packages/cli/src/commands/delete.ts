import type { Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import { userKubeconfig, type CommandContext } from "../command-context.ts";
import { parseClusterName } from "../option-parsers.ts";
import { ProgressLines } from "../terminal.ts";

/** `skiff delete`. */
export function addDelete(program: Command, context: CommandContext): void {
  program
    .command("delete")
    .description("remove the cluster and everything it made on this machine: containers, networks, rules, mounts, data")
    .option("--name <name>", "the cluster", parseClusterName, "skiff")
    .option("--kubeconfig <file>", "the kubeconfig from which the context is taken out (default: that of kubectl)")
    .addHelpText("after", "\nExamples:\n  skiff delete\n  skiff delete --name test")
    .action(async ({ name, kubeconfig }: { readonly name: string; readonly kubeconfig?: string }) => {
      const progress = new ProgressLines(context.terminal, context.host.clock);
      const config = await clusterManager(context).delete(name, userKubeconfig(kubeconfig), progress);
      progress.end();
      context.terminal.out(
        config?.joined === undefined
          ? `Cluster ${name} is removed.\n`
          : `This machine has left the cluster at ${config.joined}.\nNext, there: kubectl delete node ${config.nodes.join(" ")}\n`,
      );
    });
}
