import { formatTime } from "@skiff/base";
import { podKind, type Pod } from "@skiff/api";
import type { Client } from "@skiff/client";

/** Says in the status of a Pod that it is about to be deleted and why (KEP-3329), so that a Job can tell this from a failure. */
export async function markDisruption(
  client: Client,
  pod: Pod,
  reason: string,
  message: string,
  nowMs: number,
  phase?: "Failed",
): Promise<void> {
  const { namespace, name = "", uid } = pod.metadata ?? {};
  const condition = { type: "DisruptionTarget", status: "True", reason, message, lastTransitionTime: formatTime(nowMs) };
  const status = { conditions: [condition], ...(phase ? { phase } : {}) };
  await client.resource(podKind).patch({ namespace, name }, { metadata: { uid }, status }, { type: "strategic", subresource: "status" });
}
