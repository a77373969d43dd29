import { ipAddressColumns } from "../columns/network-columns.ts";
import type { IPAddress } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateIpAddressObject } from "../validation/networking-validation.ts";

/** An address that is in use; the name is the address. */
export const ipAddressKind = defineKind<IPAddress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IPAddress",
  plural: "ipaddresses",
  singular: "ipaddress",
  namespaced: false,
  shortNames: ["ip"],
  schema: "io.k8s.api.networking.v1.IPAddress",
  nameRule: "path-segment",
  validate: validateIpAddressObject,
  columns: ipAddressColumns,
});
