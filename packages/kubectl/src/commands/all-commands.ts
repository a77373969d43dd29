import type { Command } from "../command.ts";
import { getCommand } from "./get.ts";

/** Every command, in the order of the help. */
export const allCommands: readonly Command[] = [getCommand];

/** Commands of kubectl that are missing here. */
export const unsupportedCommands: readonly string[] = ["autoscale", "debug", "diff", "kustomize", "plugin", "proxy", "completion", "certificate", "alpha"];
