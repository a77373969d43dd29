import { runServer } from "@skiff/cluster";
import type { Command } from "commander";
import { runUntilSignal } from "../run-until-signal.ts";

/** `skiff server`: what `skiff up` starts. */
export function addServer(program: Command): void {
  program
    .command("server")
    .description("run the API server, controllers and scheduler of a cluster (started by skiff up)")
    .requiredOption("--data-dir <directory>", "the cluster's data directory")
    .requiredOption("--run-dir <directory>", "the cluster's run directory")
    .action(async ({ dataDir, runDir }: { readonly dataDir: string; readonly runDir: string }) => {
      await runUntilSignal((host) => runServer({ host, dataDir, runDir }));
    });
}
