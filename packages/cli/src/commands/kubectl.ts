import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { EXIT } from "../exit-codes.ts";
import { systemKubectlIo } from "../system-kubectl-io.ts";

/** `skiff kubectl …`: everything behind it goes to the built-in client as it is. */
export function addKubectl(program: Command, context: CommandContext): void {
  program
    .command("kubectl")
    .description("the built-in client, with kubectl's commands and flags")
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .argument("[arguments...]")
    .action(async (arguments_: string[]) => {
      const { runKubectl } = await import("@skiff/kubectl");
      // A reader that has had enough, as head, closes the pipe: there is nobody left to tell.
      process.stdout.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error;
        process.exit(EXIT.failed);
      });
      process.exitCode = await runKubectl(arguments_, systemKubectlIo(context));
      // A terminal whose input was read keeps the process alive otherwise.
      process.stdin.destroy();
    });
}
