import { type FieldError, invalidValue } from "../field-error.ts";
import { nonNegative } from "./field-checks.ts";

/** The counts that statuses of replicated workloads share. */
interface ReplicaCounts {
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly updatedReplicas?: number;
  readonly currentReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly observedGeneration?: number;
  readonly collisionCount?: number;
}

const COUNTS = [
  "replicas",
  "fullyLabeledReplicas",
  "updatedReplicas",
  "currentReplicas",
  "readyReplicas",
  "availableReplicas",
  "unavailableReplicas",
  "observedGeneration",
  "collisionCount",
] as const;
const PARTS = ["fullyLabeledReplicas", "updatedReplicas", "currentReplicas", "readyReplicas", "availableReplicas"] as const;

/** Counts that are not negative, not above the total, and collisions that never become fewer. */
export function validateReplicaCounts(status: ReplicaCounts = {}, before?: ReplicaCounts): FieldError[] {
  const errors = COUNTS.flatMap((name) => nonNegative(`status.${name}`, status[name]));
  const total = status.replicas ?? 0;
  for (const name of PARTS) {
    const count = status[name] ?? 0;
    if (count > total) errors.push(invalidValue(`status.${name}`, count, "cannot be greater than status.replicas"));
  }
  const available = status.availableReplicas ?? 0;
  if (available > (status.readyReplicas ?? 0)) {
    errors.push(invalidValue("status.availableReplicas", available, "cannot be greater than readyReplicas"));
  }
  if (before?.collisionCount !== undefined && (status.collisionCount ?? 0) < before.collisionCount) {
    errors.push(invalidValue("status.collisionCount", status.collisionCount ?? 0, "cannot be decremented"));
  }
  return errors;
}
