import { BASELINE_CHECKS } from "./baseline-checks.ts";
import type { CheckedPod } from "./pod-security-check.ts";
import { RESTRICTED_CHECKS } from "./restricted-checks.ts";

/** How much pods may do: everything, nothing that is known to break out, or only what is best practice. */
type PodSecurityLevel = "privileged" | "baseline" | "restricted";

/** What happens to a pod that goes past a level. */
type PodSecurityMode = "enforce" | "audit" | "warn";

/** A level and the version of its rules, which stands in messages. */
export interface LevelVersion {
  readonly level: PodSecurityLevel;
  /** `latest`, or `v1.` and a number. */
  readonly version: string;
}

/** What a namespace asks for. */
export type PodSecurityPolicy = Readonly<Record<PodSecurityMode, LevelVersion>>;

const PREFIX = "pod-security.kubernetes.io/";
const MODES: readonly PodSecurityMode[] = ["enforce", "audit", "warn"];
const LEVELS: readonly string[] = ["privileged", "baseline", "restricted"];

/** A label that cannot be read. */
interface LabelProblem {
  readonly label: string;
  readonly value: string;
  readonly detail: string;
}

/** Reads the labels of a namespace. What is missing comes from `defaults`; what cannot be read counts as `restricted:latest`. */
export function policyOfLabels(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: PodSecurityPolicy,
): { readonly policy: PodSecurityPolicy; readonly problems: readonly LabelProblem[] } {
  const problems: LabelProblem[] = [];
  const policy: Record<PodSecurityMode, LevelVersion> = { ...defaults };
  for (const mode of MODES) {
    const level = labels?.[`${PREFIX}${mode}`];
    const version = labels?.[`${PREFIX}${mode}-version`];
    if (level !== undefined && !LEVELS.includes(level)) {
      problems.push({ label: `${PREFIX}${mode}`, value: level, detail: `must be one of privileged, baseline, restricted` });
      policy[mode] = { ...policy[mode], level: "restricted" };
    } else if (level !== undefined) policy[mode] = { ...policy[mode], level: level as PodSecurityLevel };
    if (version !== undefined && !/^(latest|v1\.(0|[1-9]\d*))$/.test(version)) {
      problems.push({ label: `${PREFIX}${mode}-version`, value: version, detail: 'must be "latest" or "v1.x"' });
      policy[mode] = { ...policy[mode], version: "latest" };
    } else if (version !== undefined) policy[mode] = { ...policy[mode], version };
  }
  return { policy, problems };
}

/**
 * Everything in which a pod goes past the level, as `reason (detail), reason (detail)`; `undefined` when nothing is wrong.
 * The rules are the latest ones whatever the version, as every older version of them is a subset.
 */
export function violationsOf(level: PodSecurityLevel, pod: CheckedPod): string | undefined {
  if (level === "privileged") return undefined;
  const checks =
    level === "baseline" ? BASELINE_CHECKS : [...BASELINE_CHECKS.filter((check) => check.replacedBy === undefined), ...RESTRICTED_CHECKS];
  const found = checks.map((check) => check.check(pod)).filter((violation) => violation !== undefined);
  if (found.length === 0) return undefined;
  return found.map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`)).join(", ");
}

/** The reasons only, for summaries of many pods. */
export function violationReasons(level: PodSecurityLevel, pod: CheckedPod): string[] {
  const checks =
    level === "baseline" ? BASELINE_CHECKS : [...BASELINE_CHECKS.filter((check) => check.replacedBy === undefined), ...RESTRICTED_CHECKS];
  return level === "privileged" ? [] : checks.flatMap((check) => check.check(pod)?.reason ?? []);
}

/** `restricted:latest`. */
export function levelText({ level, version }: LevelVersion): string {
  return `${level}:${version}`;
}
