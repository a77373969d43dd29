import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { systemKubectlIo } from "../system-kubectl-io.ts";

/** `skiff kubectl …`: everything behind it goes to the built-in client as it is. */
export function addKubectl(program: Command, context: CommandContext): void {
  program
    .command("kubectl")
    .description("the built-in client, with kubectl's commands and flags")
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument("[arguments...]")
    .action(async () => {
      const { runKubectl } = await import("@skiff/kubectl");
      const position = process.argv.indexOf("kubectl");
      process.exitCode = await runKubectl(process.argv.slice(position + 1), systemKubectlIo(context));
    });
}
