import type { DeviceClaim, DeviceClass, ResourceClaim, ResourceClaimTemplate } from "../generated/types.ts";

interface CountedRequest {
  allocationMode?: string;
  count?: number;
}

function setRequestDefaults(request: CountedRequest): void {
  request.allocationMode ||= "ExactCount";
  if (request.allocationMode === "ExactCount") request.count ||= 1;
}

function setDeviceClaimDefaults(devices: DeviceClaim | undefined): void {
  for (const request of devices?.requests ?? []) {
    if (request.exactly) setRequestDefaults(request.exactly);
    for (const alternative of request.firstAvailable ?? []) setRequestDefaults(alternative);
  }
}

/** What a ResourceClaim leaves out, in place. */
export function setResourceClaimDefaults(claim: ResourceClaim): void {
  claim.spec ??= {};
  claim.status ??= {};
  setDeviceClaimDefaults(claim.spec.devices);
}

/** What a ResourceClaimTemplate leaves out, in place. */
export function setResourceClaimTemplateDefaults(template: ResourceClaimTemplate): void {
  template.spec ??= { spec: {} };
  template.spec.spec ??= {};
  setDeviceClaimDefaults(template.spec.spec.devices);
}

/** A DeviceClass always shows its specification. */
export function setDeviceClassDefaults(deviceClass: DeviceClass): void {
  deviceClass.spec ??= {};
}
