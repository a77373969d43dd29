import type { SeedPlan } from "./seed-plan.ts";
import type { Step } from "./step.ts";

/** For steps of a document's author, who makes an image and gives it away. */
export const NEEDS_DOCKER = "Docker builds and pushes an image; the images of the replay are built without it";

/**
 * Why a step is not part of the run, or `undefined`. A step that has a check of its own runs all the same: what can be
 * seen on this machine is looked at.
 */
export function skipReason(step: Step, plan: SeedPlan): string | undefined {
  if (step.id in plan.checks) return undefined;
  const elsewhere = plan.elsewhere?.[step.id];
  if (elsewhere !== undefined) return elsewhere;
  if (step.conditional) return "conditional: an alternative or a remedy, not part of the straight run";
  if (step.scope === "cloud-only") return "cloud-only: needs a cloud provider";
  if (step.scope === "host-setup") return "host-setup: prepares or looks at a machine, not at the cluster";
  return step.kind === "expectation" ? "no check of this behaviour yet" : undefined;
}
