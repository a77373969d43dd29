import { Option, type Command } from "commander";
import type { CommandContext } from "../command-context.ts";

/** `skiff version`. */
export function addVersion(program: Command, context: CommandContext): void {
  program
    .command("version")
    .description("print the version of Skiff and of the Kubernetes API that it serves")
    .addOption(new Option("-o, --output <format>", "text or json").choices(["text", "json"]).default("text"))
    .action(({ output }: { readonly output: string }) => {
      const version = { skiff: context.version, kubernetes: "v1.36", node: process.version };
      context.terminal.out(
        output === "json"
          ? `${JSON.stringify(version)}\n`
          : `skiff ${version.skiff} (Kubernetes ${version.kubernetes}, Node.js ${version.node})\n`,
      );
    });
}
