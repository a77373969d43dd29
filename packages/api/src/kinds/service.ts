import { serviceColumns } from "../columns/network-columns.ts";
import { setServiceDefaults } from "../defaults/service-defaults.ts";
import type { Service } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareService } from "../prepare/service-prepare.ts";
import { validateService } from "../validation/service-validation.ts";

/** A stable name and address in front of a set of Pods. */
export const serviceKind = defineKind<Service>({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  singular: "service",
  namespaced: true,
  shortNames: ["svc"],
  categories: ["all"],
  schema: "io.k8s.api.core.v1.Service",
  nameRule: "dns-1035-label",
  statusSubresource: true,
  subresources: ["proxy"],
  allowCreateOnUpdate: true,
  applyDefaults: setServiceDefaults,
  prepare: prepareService,
  validate: validateService,
  columns: serviceColumns,
  fieldSelectors: {
    "spec.clusterIP": (service) => service.spec?.clusterIP ?? "",
    "spec.type": (service) => service.spec?.type ?? "",
  },
});
