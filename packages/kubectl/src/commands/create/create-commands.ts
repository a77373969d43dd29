import type { Command } from "../../command.ts";
import { configMap } from "./config-map.ts";
import { cronJob } from "./cron-job.ts";
import { deployment } from "./deployment.ts";
import { ingress } from "./ingress.ts";
import { job } from "./job.ts";
import { namespace } from "./namespace.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";
import { priorityClass } from "./priority-class.ts";
import { quota } from "./quota.ts";
import { clusterRoleBinding, roleBinding } from "./role-binding.ts";
import { clusterRole, role } from "./role.ts";
import { secretCommands } from "./secret.ts";
import { serviceAccount } from "./service-account.ts";
import { serviceCommands } from "./service.ts";
import { token } from "./token.ts";

/** `kubectl create TYPE …`, in the order of the help. */
export const createCommands: readonly Command[] = [
  clusterRole,
  clusterRoleBinding,
  configMap,
  cronJob,
  deployment,
  ingress,
  job,
  namespace,
  podDisruptionBudget,
  priorityClass,
  quota,
  role,
  roleBinding,
  ...secretCommands,
  ...serviceCommands,
  serviceAccount,
  token,
];
