import { isConditionTrue, type Node } from "@skiff/api";

/** True when the node says that it is ready for Pods. */
export function isNodeReady(node: Node): boolean {
  return isConditionTrue(node.status?.conditions, "Ready");
}

/** Why a node is not ready, in its own words. */
export function notReadyReason(node: Node | undefined): string {
  if (node === undefined) return "has not registered yet";
  const condition = (node.status?.conditions ?? []).find(({ type }) => type === "Ready");
  return condition?.message ?? "has not reported yet";
}
