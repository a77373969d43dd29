import type { PodSpec, PodTemplateSpec } from "../generated/types.ts";
import { setContainerDefaults } from "./container-defaults.ts";
import { setResourceDefaults, setResourceListDefaults } from "./resource-list-defaults.ts";
import { setVolumeDefaults } from "./volume-defaults.ts";

/** What the specification of a Pod leaves out, in place, in Pods and in templates alike. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  setResourceListDefaults(spec.overhead);
  setResourceDefaults(spec.resources);
  // The API keeps both names of the account for clients that only know the old one.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers]) {
    for (const container of list ?? []) setContainerDefaults(container);
  }
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
}

/** What a Pod template leaves out, in place. An absent one stays absent for validation to refuse. */
export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}
