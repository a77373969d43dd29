import { homedir } from "node:os";
import { createLogger, formatLogEntry, systemClock, systemRandom, type Host } from "@skiff/base";
import { kubeconfigPaths } from "@skiff/client";
import { StateHome } from "@skiff/cluster";
import { processTerminal, type Terminal } from "./terminal.ts";

/** What every command works with: the machine's time and randomness, the terminal, the clusters of this user. */
export interface CommandContext {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly home: StateHome;
  readonly version: string;
  /** The command up to the subcommand, for starting more processes of Skiff. */
  readonly program: readonly string[];
}

/** The context of this process. Warnings of the parts below go to standard error as JSON lines. */
export function processContext(version: string, program: readonly string[]): CommandContext {
  const terminal = processTerminal();
  const log = createLogger(systemClock, (entry) => terminal.err(`${formatLogEntry(entry)}\n`), "warn");
  return {
    host: { clock: systemClock, random: systemRandom, log },
    terminal,
    home: new StateHome({
      isRoot: process.getuid?.() === 0,
      home: homedir(),
      xdgDataHome: process.env.XDG_DATA_HOME,
      xdgRuntimeDir: process.env.XDG_RUNTIME_DIR,
    }),
    version,
    program,
  };
}

/** The kubeconfig file that `up` writes and `delete` cleans: the flag, else the first of `KUBECONFIG`, else `~/.kube/config`. */
export function userKubeconfig(flag: string | undefined): string {
  return kubeconfigPaths(process.env, homedir(), flag)[0] ?? "";
}
