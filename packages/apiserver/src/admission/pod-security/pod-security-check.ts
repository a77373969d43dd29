import type { Container, Pod, PodSpec } from "@skiff/api";

/** What a check sees of a pod or of a template for pods. */
export interface CheckedPod {
  readonly metadata: Pod["metadata"];
  readonly spec: PodSpec;
}

/** One rule of the Pod Security Standards. */
export interface PodSecurityCheck {
  /** Upstream's id; checks are reported in order of their ids. */
  readonly id: string;
  /** Of a stricter check of the same thing that replaces this one at the level `restricted`. */
  readonly replacedBy?: string;
  /** What is wrong; `undefined` when nothing is. */
  check(pod: CheckedPod): Violation | undefined;
}

/** `reason (detail)` in messages. */
interface Violation {
  readonly reason: string;
  readonly detail: string;
}

/** Every container, in the order in which upstream looks at them. */
export function containersOf({ spec }: CheckedPod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...((spec.ephemeralContainers ?? []) as Container[])];
}

/** Whether the pod says that it is for Windows, where rules about Linux mean nothing. */
export function isWindows({ spec }: CheckedPod): boolean {
  return spec.os?.name === "windows";
}

/** `container "a"` or `containers "a", "b"`. */
export function named(what: string, names: readonly string[]): string {
  return `${plural(what, names.length)} ${quoted(names)}`;
}

/** `"a", "b"`. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** The word with an `s` unless there is exactly one. */
export function plural(what: string, count: number): string {
  return count === 1 ? what : `${what}s`;
}

/** `pod`, `container "a"`, or `pod and containers "a", "b"`. */
export function podAndContainers(pod: boolean, containers: readonly string[]): string {
  return [...(pod ? ["pod"] : []), ...(containers.length > 0 ? [named("container", containers)] : [])].join(" and ");
}
