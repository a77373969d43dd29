import { UserError } from "@skiff/cluster";
import { KubeconfigError } from "@skiff/client";
import { messageOf } from "@skiff/base";
import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { addCompletion } from "./commands/completion.ts";
import { addDashboard } from "./commands/dashboard.ts";
import { addDelete } from "./commands/delete.ts";
import { addDown } from "./commands/down.ts";
import { addImage } from "./commands/image.ts";
import { addJoin } from "./commands/join.ts";
import { addKubectl } from "./commands/kubectl.ts";
import { addLogs } from "./commands/logs.ts";
import { addNode } from "./commands/node.ts";
import { addServer } from "./commands/server.ts";
import { addStatus } from "./commands/status.ts";
import { addToken } from "./commands/token.ts";
import { addUp } from "./commands/up.ts";
import { addVersion } from "./commands/version.ts";
import { EXIT } from "./exit-codes.ts";
import { coloured } from "./terminal.ts";

/** In the order in which the help lists them. */
const COMMANDS = [
  addUp,
  addDown,
  addDelete,
  addStatus,
  addImage,
  addKubectl,
  addDashboard,
  addLogs,
  addJoin,
  addToken,
  addVersion,
  addCompletion,
  addServer,
  addNode,
];

/** Runs the command line `arguments_` (without the program's name). Resolves with the exit code. */
export async function runSkiff(arguments_: readonly string[], context: CommandContext): Promise<number> {
  const { terminal } = context;
  // Commands inherit these settings when they are added.
  const program = new Command("skiff")
    .description("Kubernetes in TypeScript: a real cluster in seconds")
    .showHelpAfterError("(see skiff --help)")
    .enablePositionalOptions()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride()
    .addHelpText(
      "after",
      "\nExamples:\n  skiff up                     start a cluster\n  skiff kubectl get pods -A    look around\n  skiff delete                 remove it again",
    );
  for (const add of COMMANDS) add(program, context);
  try {
    await program.parseAsync(arguments_, { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    explain(error, context);
    return EXIT.failed;
  }
}

function explain(error: unknown, { terminal, host }: CommandContext): void {
  if (error instanceof UserError) {
    terminal.err(`${coloured(terminal, "red", error.message)}\n${error.nextStep}\n`);
    return;
  }
  const code = (error as { code?: unknown }).code;
  if (error instanceof KubeconfigError) terminal.err(`${error.message}\n`);
  else if (code === "ENOSPC") terminal.err(`The disk is full: ${messageOf(error)}\nFree some space and run the command again.\n`);
  else if (code === "EACCES" || code === "EPERM")
    terminal.err(`No permission: ${messageOf(error)}\nRun the command as the user who made the cluster, or with sudo.\n`);
  else {
    terminal.err(
      `${coloured(terminal, "red", messageOf(error))}\nThis was not expected. Run the command again; if it happens again, report it with the output of: skiff logs\n`,
    );
    host.log.debug("unexpected error", { error });
  }
}
