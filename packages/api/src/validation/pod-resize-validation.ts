import { type FieldError, forbiddenField, invalidValue } from "../field-error.ts";
import type { Container, Pod } from "../generated/types.ts";
import { podQosClass } from "../pod-qos.ts";
import { isSidecar } from "../pod-resources.ts";
import { tryParseQuantity } from "../quantity.ts";
import { semanticEqual } from "../semantic-equal.ts";

const missing = (now: Record<string, string> = {}, before: Record<string, string> = {}): boolean =>
  Object.keys(before).some((name) => !Object.hasOwn(now, name));

function validateContainerResize(now: Container, before: Container, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (missing(now.resources?.requests, before.resources?.requests)) {
    errors.push(forbiddenField(`${field}.requests`, "resource requests cannot be removed"));
  }
  if (missing(now.resources?.limits, before.resources?.limits)) {
    errors.push(forbiddenField(`${field}.limits`, "resource limits cannot be removed"));
  }
  return errors;
}

/** The container with CPU and memory as they were: all else must be the same. */
function withOldCompute(now: Container, before: Container): Container {
  const list = (name: "requests" | "limits"): Record<string, string> | undefined => {
    const { cpu: _cpu, memory: _memory, ...rest } = now.resources?.[name] ?? {};
    const { cpu, memory } = before.resources?.[name] ?? {};
    const merged = { ...rest, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
    return Object.keys(merged).length === 0 ? undefined : merged;
  };
  const normalized = (limits?: Record<string, string>, requests?: Record<string, string>) => ({
    ...(limits ? { limits } : {}),
    ...(requests ? { requests } : {}),
  });
  return { ...now, resources: { ...before.resources, ...normalized(list("limits"), list("requests")) } };
}

function quantitiesOf(container: Container): string {
  return JSON.stringify([container.resources?.requests, container.resources?.limits], (_key, value: unknown) =>
    typeof value === "string" ? (tryParseQuantity(value)?.toString() ?? value) : value,
  );
}

function validateMutableResources(now: Container, before: Container, kind: "container" | "sidecar" | "init"): FieldError[] {
  if (kind === "init") {
    const same = quantitiesOf(now) === quantitiesOf(before) && semanticEqual(now, before);
    return same ? [] : [forbiddenField("spec", "resources for non-sidecar init containers are immutable")];
  }
  if (semanticEqual(withOldCompute(now, before), before)) return [];
  const text =
    kind === "sidecar" ? "only cpu and memory resources for sidecar containers are mutable" : "only cpu and memory resources are mutable";
  return [forbiddenField("spec", text)];
}

/** What a change of a running Pod's resources may do (KEP-1287). */
export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata?.annotations?.["kubernetes.io/config.mirror"] !== undefined)
    return [forbiddenField("", "static pods cannot be resized")];
  if (old.spec?.os?.name === "windows") return [forbiddenField("", "windows pods cannot be resized")];
  const errors: FieldError[] = [];
  if (podQosClass(pod) !== (old.status?.qosClass ?? podQosClass(old))) {
    errors.push(invalidValue("spec", pod.status?.qosClass ?? "", "Pod QOS Class may not change as a result of resizing"));
  }
  const running = old.status?.containerStatuses?.find((status) => status.state?.running);
  if (running !== undefined && running.resources === undefined) {
    errors.push(forbiddenField("spec", "Pod running on node without support for resize"));
  }
  for (const [index, before] of (old.spec?.initContainers ?? []).entries()) {
    const now = pod.spec?.initContainers?.[index];
    if (now === undefined || now.name !== before.name)
      return [...errors, forbiddenField("spec", "only cpu and memory resources are mutable")];
    const sidecar = isSidecar(before);
    if (sidecar) errors.push(...validateContainerResize(now, before, `spec.initContainers[${index}].resources`));
    errors.push(...validateMutableResources(now, before, sidecar ? "sidecar" : "init"));
  }
  for (const [index, before] of (old.spec?.containers ?? []).entries()) {
    const now = pod.spec?.containers[index];
    if (now === undefined || now.name !== before.name)
      return [...errors, forbiddenField("spec", "only cpu and memory resources are mutable")];
    errors.push(...validateContainerResize(now, before, `spec.containers[${index}].resources`));
    errors.push(...validateMutableResources(now, before, "container"));
  }
  return errors;
}
