import { leaseColumns } from "../columns/cluster-columns.ts";
import type { Lease } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { removedLeaseVersions } from "../removed/renamed-versions.ts";
import { validateLease } from "../validation/policy-validation.ts";

/** A lock with a time limit: leader election and node heartbeats. */
export const leaseKind = defineKind<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  singular: "lease",
  namespaced: true,
  schema: "io.k8s.api.coordination.v1.Lease",
  removedVersions: removedLeaseVersions,
  allowUnconditionalUpdate: false,
  allowCreateOnUpdate: true,
  validate: validateLease,
  columns: leaseColumns,
});
