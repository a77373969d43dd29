import type { Command } from "../command.ts";
import { applyCommand, viewLastAppliedCommand } from "./apply.ts";
import { autoscaleCommand } from "./autoscale.ts";
import { configCommands } from "./config.ts";
import { createCommand, replaceCommand } from "./create.ts";
import { createCommands } from "./create/create-commands.ts";
import { deleteCommand } from "./delete.ts";
import { describeCommand } from "./describe.ts";
import { eventsCommand } from "./events.ts";
import { attachCommand, execCommand } from "./exec.ts";
import { explainCommand } from "./explain.ts";
import { getCommand } from "./get.ts";
import { annotateCommand, labelCommand } from "./label.ts";
import { logsCommand } from "./logs.ts";
import { nodeCommands } from "./node-commands.ts";
import { editCommand, patchCommand } from "./patch.ts";
import { portForwardCommand } from "./port-forward.ts";
import { rollingUpdateCommand } from "./rolling-update.ts";
import { rolloutCommands } from "./rollout.ts";
import { exposeCommand, runCommand } from "./run.ts";
import { scaleCommand } from "./scale.ts";
import { apiResourcesCommand, apiVersionsCommand, authCommands, clusterInfoCommand, versionCommand } from "./server-info.ts";
import { setCommands } from "./set.ts";
import { topCommands } from "./top.ts";
import { waitCommand } from "./wait.ts";

/** Every command, in the order of the help. */
export const allCommands: readonly Command[] = [
  createCommand,
  ...createCommands,
  exposeCommand,
  runCommand,
  ...setCommands,
  explainCommand,
  getCommand,
  editCommand,
  deleteCommand,
  ...rolloutCommands,
  rollingUpdateCommand,
  scaleCommand,
  autoscaleCommand,
  clusterInfoCommand,
  ...topCommands,
  ...nodeCommands,
  describeCommand,
  logsCommand,
  attachCommand,
  execCommand,
  portForwardCommand,
  ...authCommands,
  eventsCommand,
  applyCommand,
  viewLastAppliedCommand,
  patchCommand,
  replaceCommand,
  waitCommand,
  labelCommand,
  annotateCommand,
  apiResourcesCommand,
  apiVersionsCommand,
  ...configCommands,
  versionCommand,
];

/** Commands of kubectl that are missing here. */
export const unsupportedCommands: readonly string[] = [
  "certificate",
  "completion",
  "cp",
  "debug",
  "diff",
  "kuberc",
  "kustomize",
  "plugin",
  "proxy",
  "alpha",
];
