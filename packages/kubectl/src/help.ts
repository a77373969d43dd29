import type { Command } from "./command.ts";
import type { FlagDefinitions } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";

/** The list of all commands. */
export function generalHelp(commands: readonly Command[]): string {
  const shown = commands.filter(({ hidden }) => !hidden);
  const width = Math.max(...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`);
  return `skiff kubectl controls the Kubernetes cluster manager: kubectl's commands and flags, built in.

Commands:
${lines.join("\n")}

Usage:
  kubectl [flags] [options]

Use "kubectl <command> --help" for more information about a given command.
Use "kubectl options" for a list of global command-line options (applies to all commands).
`;
}

/** The commands below a name such as `rollout`. */
export function groupHelp(name: string, commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length - name.length - 1));
  const lines = commands.map((command) => `  ${command.name.slice(name.length + 1).padEnd(width)}   ${command.summary}`);
  return `Available Commands:\n${lines.join("\n")}\n\nUsage:\n  kubectl ${name} SUBCOMMAND [options]\n\nUse "kubectl ${name} <command> --help" for more information about a given command.\n`;
}

/** One command with its flags. */
export function commandHelp({ summary, flags, name, usage }: Command): string {
  return `${summary}\n\nOptions:\n${flagLines(flags)}\n\nUsage:\n  kubectl ${name}${usage ? ` ${usage}` : ""}\n\nUse "kubectl options" for a list of global command-line options (applies to all commands).\n`;
}

/** The flags of every command. */
export function optionsHelp(): string {
  return `The following options can be passed to any command:\n\n${flagLines(GLOBAL_FLAGS)}\n`;
}

function flagLines(flags: FlagDefinitions): string {
  return Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { short, type, default: value, help }]) => {
      const preset = type === "bool" ? (value ?? "false") : type === "list" || type === "array" ? "[]" : `'${value ?? ""}'`;
      return `    ${short ? `-${short}, ` : ""}--${name}=${preset}:\n\t${help}`;
    })
    .join("\n\n");
}
