import type { Rejection } from "./rejection.ts";

/** What is known after no node was found for a Pod. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** Why each node was refused, by name. */
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Why the others were refused. */
  readonly absent?: Rejection;
  /** Set when PreFilter refused the Pod as a whole. */
  readonly preFilterMessage?: string;
  readonly postFilterMessage?: string;
}

/** Upstream's words for a cluster without nodes. */
export const NO_NODES_MESSAGE = "no nodes available to schedule pods";

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`: the message of upstream's FitError. */
export function fitMessage(diagnosis: Diagnosis): string {
  const { nodeCount, rejections, absent, preFilterMessage, postFilterMessage } = diagnosis;
  let message = `0/${nodeCount} nodes are available:`;
  if (preFilterMessage !== undefined) message += ` ${preFilterMessage}.`;
  else {
    const counts = new Map<string, number>();
    const count = (reason: string, by: number): unknown => counts.set(reason, (counts.get(reason) ?? 0) + by);
    for (const { reasons } of rejections.values()) for (const reason of reasons) count(reason, 1);
    const others = nodeCount - rejections.size;
    if (others > 0) for (const reason of absent?.reasons ?? []) count(reason, others);
    const parts = Array.from(counts, ([reason, nodes]) => `${nodes} ${reason}`).sort(byCodeUnits);
    if (parts.length > 0) message += ` ${parts.join(", ")}.`;
  }
  return postFilterMessage ? `${message} ${postFilterMessage}` : message;
}
