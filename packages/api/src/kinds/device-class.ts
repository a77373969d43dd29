import { setDeviceClassDefaults } from "../defaults/resource-defaults.ts";
import type { DeviceClass } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateDeviceClass } from "../validation/device-validation.ts";

/** A class of devices for dynamic resource allocation. */
export const deviceClassKind = defineKind<DeviceClass>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "DeviceClass",
  plural: "deviceclasses",
  singular: "deviceclass",
  namespaced: false,
  schema: "io.k8s.api.resource.v1.DeviceClass",
  generation: true,
  applyDefaults: setDeviceClassDefaults,
  validate: validateDeviceClass,
});
