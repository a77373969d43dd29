import { existsSync, readdirSync } from "node:fs";
import { sleep } from "@skiff/base";
import { processLog, UserError } from "@skiff/cluster";
import type { Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import type { CommandContext } from "../command-context.ts";
import { LogReader } from "../log-reader.ts";
import { parseClusterName, parseCount } from "../option-parsers.ts";

const POLL_MS = 250;

interface LogFlags {
  readonly name: string;
  readonly follow?: boolean;
  readonly tail: number;
}

/** `skiff logs`. */
export function addLogs(program: Command, context: CommandContext): void {
  program
    .command("logs")
    .description("print the log of a process of the cluster: the server, or a node")
    .argument("[process]", "server, or the name of a node", "server")
    .option("--name <name>", "the cluster", parseClusterName, "skiff")
    .option("-f, --follow", "go on printing what is added")
    .option("--tail <lines>", "how many lines from the end", parseCount, 100)
    .addHelpText("after", "\nExamples:\n  skiff logs\n  skiff logs skiff-1 -f")
    .action(async (process: string, flags: LogFlags) => {
      const { paths } = clusterManager(context).open(flags.name);
      const file = processLog(paths, process);
      if (!/^[a-z0-9.-]+$/.test(process) || !existsSync(file)) {
        const names = existsSync(paths.logs) ? readdirSync(paths.logs) : [];
        const known = names.filter((name) => name.endsWith(".log")).map((name) => name.slice(0, -".log".length));
        throw new UserError(
          `There is no log of ${process}.`,
          known.length === 0 ? "The cluster has not run yet: skiff up" : `There are logs of: ${known.join(", ")}`,
        );
      }
      const log = new LogReader(file, context.terminal.out);
      log.tail(flags.tail);
      while (flags.follow === true) {
        await sleep(context.host.clock, POLL_MS);
        log.added();
      }
    });
}
