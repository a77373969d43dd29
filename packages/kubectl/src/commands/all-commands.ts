import type { Command } from "../command.ts";
import { applyCommand, viewLastAppliedCommand } from "./apply.ts";
import { createCommand, replaceCommand } from "./create.ts";
import { deleteCommand } from "./delete.ts";
import { describeCommand } from "./describe.ts";
import { attachCommand, execCommand } from "./exec.ts";
import { getCommand } from "./get.ts";
import { logsCommand } from "./logs.ts";
import { portForwardCommand } from "./port-forward.ts";
import { rolloutCommands } from "./rollout.ts";

/** Every command, in the order of the help. */
export const allCommands: readonly Command[] = [
  createCommand,
  getCommand,
  describeCommand,
  applyCommand,
  viewLastAppliedCommand,
  deleteCommand,
  replaceCommand,
  ...rolloutCommands,
  logsCommand,
  execCommand,
  attachCommand,
  portForwardCommand,
];

/** Commands of kubectl that are missing here. */
export const unsupportedCommands: readonly string[] = ["autoscale", "debug", "diff", "kustomize", "plugin", "proxy", "completion", "certificate", "alpha", "kuberc"];
