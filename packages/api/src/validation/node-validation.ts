import { duplicate, type FieldError, forbiddenField, invalidValue } from "../field-error.ts";
import type { Namespace, Node } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { validateTaints } from "./affinity-validation.ts";
import { validateResourceQuantity } from "./container-resources-validation.ts";
import { invalidEach } from "./field-checks.ts";
import { ipFamily, validateCidr } from "./ip-address.ts";
import { checkQualifiedName } from "./names.ts";

function validatePodCidrs(cidrs: readonly string[]): FieldError[] {
  const errors = cidrs.flatMap((cidr, index) => validateCidr(`spec.podCIDRs[${index}]`, cidr));
  if (cidrs.length < 2) return errors;
  if (cidrs.length > 2 || new Set(cidrs.map(ipFamily)).size < 2) {
    errors.push(invalidValue("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family"));
  }
  for (const [index, cidr] of cidrs.entries()) if (cidrs.indexOf(cidr) !== index) errors.push(duplicate(`spec.podCIDRs[${index}]`, cidr));
  return errors;
}

function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, address] of (node.status?.addresses ?? []).entries()) {
    const key = `${address.type} ${address.address}`;
    if (seen.has(key)) errors.push(duplicate(`status.addresses[${index}]`, address));
    seen.add(key);
  }
  const before = old.spec?.podCIDRs ?? [];
  if (before.length > 0 && before.join() !== (node.spec?.podCIDRs ?? []).join()) {
    errors.push(forbiddenField("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
    errors.push(forbiddenField("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}

/** Everything that is wrong with a Node. */
export function validateNode(node: Node, old: Node | undefined): FieldError[] {
  const errors = validateTaints(node.spec?.taints ?? [], "metadata.taints");
  for (const list of ["capacity", "allocatable"] as const) {
    for (const [name, text] of Object.entries(node.status?.[list] ?? {}))
      errors.push(...validateResourceQuantity(`status.${list}.${name}`, name, text));
  }
  errors.push(...validatePodCidrs(node.spec?.podCIDRs ?? []));
  return old === undefined ? errors : [...errors, ...validateNodeUpdate(node, old)];
}

/** Everything that is wrong with a Namespace: what holds it, and the phase that goes with being deleted. */
export function validateNamespace(namespace: Namespace, old: Namespace | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") {
    const { phase } = namespace.status ?? {};
    const deleted = namespace.metadata?.deletionTimestamp !== undefined;
    if (!deleted && phase !== "Active")
      return [invalidValue("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")];
    if (deleted && phase !== "Terminating") {
      return [invalidValue("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
    }
    return [];
  }
  return (namespace.spec?.finalizers ?? []).flatMap((finalizer) => {
    const wrong = invalidEach("spec.finalizers", finalizer, checkQualifiedName(finalizer));
    if (wrong.length > 0 || finalizer.includes("/") || finalizer === "kubernetes") return wrong;
    return [invalidValue("spec.finalizers", finalizer, "name is neither a standard finalizer name nor is it fully qualified")];
  });
}
