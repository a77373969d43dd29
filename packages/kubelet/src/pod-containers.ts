import type { Container, EphemeralContainer, Pod } from "@skiff/api";

/** The three lists of containers of a Pod. */
type ContainerKind = "init" | "app" | "ephemeral";

/** A container with the list that it stands in. */
export interface PodContainer {
  readonly kind: ContainerKind;
  readonly container: Container;
}

/** Every container of the Pod: init, then app, then ephemeral ones. */
export function allContainers(pod: Pod): PodContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [
    ...initContainers.map((container) => ({ kind: "init" as const, container })),
    ...containers.map((container) => ({ kind: "app" as const, container })),
    ...ephemeralContainers.map((container) => ({ kind: "ephemeral" as const, container: container as EphemeralContainer & Container })),
  ];
}

/** The container of that name, whichever list it stands in. */
export function findContainer(pod: Pod, name: string): PodContainer | undefined {
  return allContainers(pod).find(({ container }) => container.name === name);
}

/** True for an init container that keeps running beside the app containers (KEP-753). */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/**
 * Whether a container that ended with `exitCode` runs again. A container's own rules and policy (KEP-5307) go before the
 * Pod's policy; init containers treat `Always` as `OnFailure`, unless they are sidecars; ephemeral ones never run again.
 */
export function restartsAfter(pod: Pod, { kind, container }: PodContainer, exitCode: number): boolean {
  if (kind === "ephemeral") return false;
  if (kind === "init" && isSidecar(container)) return true;
  for (const rule of container.restartPolicyRules ?? []) {
    const { operator, values = [] } = rule.exitCodes ?? {};
    const matches = operator === "In" ? values.includes(exitCode) : operator === "NotIn" && !values.includes(exitCode);
    if (matches && rule.action === "Restart") return true;
  }
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
  if (policy === "Never") return false;
  if (policy === "OnFailure" || kind === "init") return exitCode !== 0;
  return true;
}

/** What the rest of the kubelet calls a Pod in messages: `name_namespace(uid)`. */
export function describePod(pod: Pod): string {
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  return `${name}_${namespace}(${uid})`;
}

/** Identity of a Pod. */
export function podIdentity(pod: Pod): { uid: string; name: string; namespace: string } {
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  return { uid, name, namespace };
}
