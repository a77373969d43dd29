import type { Container, EphemeralContainer, HTTPGetAction, Lifecycle, Probe } from "../generated/types.ts";
import { defaultPullPolicy } from "../image-reference.ts";
import { setResourceDefaults } from "./resource-list-defaults.ts";
import { canonicalQuantity } from "../quantity.ts";

/** Sources of an environment variable or a downward API file. */
interface FieldSource {
  fieldRef?: { apiVersion?: string };
  resourceFieldRef?: { divisor?: string };
}

/** The version of a field reference, and the divisor of a resource reference (0 stands for 1). */
export function setFieldSourceDefaults(source: FieldSource | undefined): void {
  if (source?.fieldRef) source.fieldRef.apiVersion ||= "v1";
  if (source?.resourceFieldRef) source.resourceFieldRef.divisor = canonicalQuantity(source.resourceFieldRef.divisor ?? "0");
}

function setHttpGetDefaults(action: HTTPGetAction | undefined): void {
  if (action === undefined) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

function setProbeDefaults(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  setHttpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function setLifecycleDefaults(lifecycle: Lifecycle | undefined): void {
  setHttpGetDefaults(lifecycle?.postStart?.httpGet);
  setHttpGetDefaults(lifecycle?.preStop?.httpGet);
}

/** What a container leaves out, in place, whichever of the three lists it stands in. */
export function setContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? "");
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  setResourceDefaults(container.resources);
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const variable of container.env ?? []) setFieldSourceDefaults(variable.valueFrom);
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  setLifecycleDefaults(container.lifecycle);
}
