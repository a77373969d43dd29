import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { prepareStatus } from "./status-prepare.ts";

const prepareClaimStatus = prepareStatus<PersistentVolumeClaim>(() => ({ phase: "Pending" }));

function isKnownSource(source: NonNullable<PersistentVolumeClaimSpec["dataSource"]>): boolean {
  return (
    (source.kind === "PersistentVolumeClaim" && !source.apiGroup) ||
    (source.kind === "VolumeSnapshot" && source.apiGroup === "snapshot.storage.k8s.io")
  );
}

/** `dataSource` and `dataSourceRef` say the same where both can (KEP-1495); unknown sources go only by the newer one. */
function alignDataSources(spec: PersistentVolumeClaimSpec): void {
  if (spec.dataSource && !spec.dataSourceRef && !isKnownSource(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef;
    spec.dataSource = apiGroup === undefined ? { kind, name } : { apiGroup, kind, name };
  }
}

/** What clients may not set on claims. */
export function preparePersistentVolumeClaim(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim | undefined,
  context: WriteContext,
): void {
  prepareClaimStatus(claim, old, context);
  if (context.subresource === undefined && claim.spec) alignDataSources(claim.spec);
}
