import { formatTime } from "@skiff/base";
import type { Namespace, NamespaceCondition } from "@skiff/api";
import { withCondition } from "../status-conditions.ts";

/** What is left of one resource in a namespace after its objects were deleted. */
export interface Remaining {
  /** `pods`, `deployments.apps`. */
  readonly resource: string;
  readonly count: number;
  /** How many objects wait for each finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
  /** When the last of them may be gone. */
  readonly estimateMs: number;
}

/** What came of one attempt to empty a namespace. */
export interface Emptying {
  readonly discoveryFailures: ReadonlyMap<string, string>;
  readonly contentFailures: readonly string[];
  readonly remaining: readonly Remaining[];
}

interface Finding {
  readonly type: string;
  readonly good: string;
  readonly goodReason: string;
  readonly badReason: string;
  /** Absent: all is well. */
  readonly message: string | undefined;
}

/** True when nothing is left and nothing may have been overlooked. */
export function isEmptied({ discoveryFailures, contentFailures, remaining }: Emptying): boolean {
  return discoveryFailures.size === 0 && contentFailures.length === 0 && remaining.length === 0;
}

/** When to look again: half way to when the last object may be gone, but not before a second has passed. */
export function msUntilNextAttempt({ remaining }: Emptying): number {
  return Math.max(0, ...remaining.map(({ estimateMs }) => estimateMs)) / 2 + 1000;
}

/** The conditions that say why a namespace is still there. Answers the array of the namespace when nothing has changed. */
export function deletionConditions(namespace: Namespace, emptying: Emptying, nowMs: number): readonly NamespaceCondition[] {
  let conditions: readonly NamespaceCondition[] = namespace.status?.conditions ?? [];
  for (const { type, good, goodReason, badReason, message } of findings(emptying)) {
    const isBad = message !== undefined;
    const condition = { type, status: isBad ? "True" : "False", reason: isBad ? badReason : goodReason, message: message ?? good };
    conditions = withCondition(conditions, { ...condition, lastTransitionTime: formatTime(nowMs) });
  }
  return conditions;
}

function findings({ discoveryFailures, contentFailures, remaining }: Emptying): readonly Finding[] {
  const list = (texts: readonly string[]): string => [...texts].sort().join(", ");
  const discovery = [...discoveryFailures].map(([groupVersion, error]) => `${groupVersion}: ${error}`);
  const finalizers = new Map<string, number>();
  for (const one of remaining) for (const [name, count] of one.finalizers) finalizers.set(name, (finalizers.get(name) ?? 0) + count);
  const resources = remaining.map(({ resource, count }) => `${resource} has ${count} resource instances`);
  const waiting = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    {
      type: "NamespaceDeletionDiscoveryFailure",
      good: "All resources successfully discovered",
      goodReason: "ResourcesDiscovered",
      badReason: "DiscoveryFailed",
      message: discovery.length > 0 ? `Discovery failed for some groups, ${discovery.length} failing: ${list(discovery)}` : undefined,
    },
    {
      type: "NamespaceDeletionGroupVersionParsingFailure",
      good: "All legacy kube types successfully parsed",
      goodReason: "ParsedGroupVersions",
      badReason: "GroupVersionParsingFailed",
      message: undefined,
    },
    {
      type: "NamespaceDeletionContentFailure",
      good: "All content successfully deleted, may be waiting on finalization",
      goodReason: "ContentDeleted",
      badReason: "ContentDeletionFailed",
      message:
        contentFailures.length > 0
          ? `Failed to delete all resource types, ${contentFailures.length} remaining: ${list(contentFailures)}`
          : undefined,
    },
    {
      type: "NamespaceContentRemaining",
      good: "All content successfully removed",
      goodReason: "ContentRemoved",
      badReason: "SomeResourcesRemain",
      message: resources.length > 0 ? `Some resources are remaining: ${list(resources)}` : undefined,
    },
    {
      type: "NamespaceFinalizersRemaining",
      good: "All content-preserving finalizers finished",
      goodReason: "ContentHasNoFinalizers",
      badReason: "SomeFinalizersRemain",
      message: waiting.length > 0 ? `Some content in the namespace has finalizers remaining: ${list(waiting)}` : undefined,
    },
  ];
}
