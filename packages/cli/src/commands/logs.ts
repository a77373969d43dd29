import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "@skiff/base";
import { UserError } from "@skiff/cluster";
import type { Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import type { CommandContext } from "../command-context.ts";
import { parseClusterName, parseCount } from "../option-parsers.ts";

const POLL_MS = 250;
const CHUNK_BYTES = 64 * 1024;
/** Enough of the end of a log for any `--tail` that a person reads. */
const TAIL_BYTES = 4 * 1024 * 1024;

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
      const file = join(paths.logs, `${process}.log`);
      if (!/^[a-z0-9.-]+$/.test(process) || !existsSync(file)) {
        const known = existsSync(paths.logs) ? readdirSync(paths.logs).map((name) => name.replace(/\.log$/, "")) : [];
        throw new UserError(
          `There is no log of ${process}.`,
          known.length === 0 ? "The cluster has not run yet: skiff up" : `There are logs of: ${known.join(", ")}`,
        );
      }
      let position = printTail(file, flags.tail, context.terminal.out);
      while (flags.follow === true) {
        await sleep(context.host.clock, POLL_MS);
        // A log that became shorter was begun anew.
        if (statSync(file).size < position) position = 0;
        position = printFrom(file, position, context.terminal.out);
      }
    });
}

function printTail(file: string, lines: number, out: (text: string) => void): number {
  const { size } = statSync(file);
  const handle = openSync(file, "r");
  const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const read = readSync(handle, buffer, 0, buffer.length, size - buffer.length);
  closeSync(handle);
  const text = buffer.subarray(0, read).toString();
  const all = text.split("\n");
  const last = all.slice(-lines - (text.endsWith("\n") ? 1 : 0));
  out(last.join("\n"));
  return size;
}

function printFrom(file: string, start: number, out: (text: string) => void): number {
  const handle = openSync(file, "r");
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let position = start;
  for (let read = readSync(handle, buffer, 0, CHUNK_BYTES, position); read > 0; read = readSync(handle, buffer, 0, CHUNK_BYTES, position)) {
    out(buffer.subarray(0, read).toString());
    position += read;
  }
  closeSync(handle);
  return position;
}
