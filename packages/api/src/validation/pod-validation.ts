import { type FieldError, forbiddenField, notSupported, required } from "../field-error.ts";
import type { Binding, Pod, PodTemplate } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { validateImageSpace } from "./container-validation.ts";
import { validatePodResize } from "./pod-resize-validation.ts";
import { validatePodSpec, validatePodTemplate } from "./pod-spec-validation.ts";
import { validateEphemeralContainersUpdate, validatePodSpecUpdate, validatePodStatusUpdate } from "./pod-update-validation.ts";

/** What holds for a Pod but not for templates, which have been stored without these rules. */
function validatePodOnly(pod: Pod): FieldError[] {
  const { spec = { containers: [] } } = pod;
  const errors: FieldError[] = [];
  if (!spec.serviceAccountName) {
    for (const [index, volume] of (spec.volumes ?? []).entries()) {
      for (const [at, source] of (volume.projected?.sources ?? []).entries()) {
        if (!source.serviceAccountToken) continue;
        const field = `spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`;
        errors.push(forbiddenField(field, "must not be specified when serviceAccountName is not set"));
      }
    }
  }
  for (const list of ["containers", "initContainers"] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) errors.push(...validateImageSpace(container, `spec.${list}[${index}]`));
  }
  return errors;
}

/** Everything that is wrong with a Pod, or with a change of one by way of a subresource. */
export function validatePod(pod: Pod, old: Pod | undefined, context: WriteContext): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  if (old !== undefined && context.subresource === "status") return validatePodStatusUpdate(pod, old);
  const errors = [...validatePodSpec(spec, "spec", { metadata: pod.metadata ?? {} }), ...validatePodOnly(pod)];
  if (old === undefined) {
    if ((spec.ephemeralContainers ?? []).length > 0) errors.push(forbiddenField("spec.ephemeralContainers", "cannot be set on create"));
    if (spec.nodeName && (spec.schedulingGates ?? []).length > 0) {
      errors.push(forbiddenField("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
    }
    return errors;
  }
  if (context.subresource === "ephemeralcontainers") return [...errors, ...validateEphemeralContainersUpdate(pod, old)];
  if (context.subresource === "resize") return [...errors, ...validatePodResize(pod, old)];
  return [...errors, ...validatePodSpecUpdate(pod, old)];
}

/** A PodTemplate object. */
export function validatePodTemplateObject(podTemplate: PodTemplate): FieldError[] {
  return validatePodTemplate(podTemplate.template, "template");
}

/** What ties a Pod to a node. */
export function validateBinding(binding: Binding): FieldError[] {
  const errors: FieldError[] = [];
  const { kind, name } = binding.target ?? {};
  if (kind && kind !== "Node") errors.push(notSupported("target.kind", kind, ["Node", "<empty>"]));
  if (!name) errors.push(required("target.name"));
  return errors;
}
