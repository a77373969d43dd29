import { parseTime } from "@skiff/base";
import type { Job } from "@skiff/api";

/** In how many milliseconds a Job may be deleted: 0 or less now, `undefined` when it is not finished or is kept for ever. */
export function msUntilExpiry(job: Job, nowMs: number): number | undefined {
  const ttlSeconds = job.spec?.ttlSecondsAfterFinished;
  if (ttlSeconds === undefined || job.metadata?.deletionTimestamp !== undefined) return undefined;
  const end = job.status?.conditions?.find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");
  const endMs = parseTime(end?.lastTransitionTime);
  return endMs === undefined ? undefined : endMs + ttlSeconds * 1000 - nowMs;
}
