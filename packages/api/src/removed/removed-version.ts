import type { KindVersion } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf } from "../resource.ts";

/** A version that upstream has removed, and what sets it apart from the version that took its place. */
interface RemovedVersion extends Partial<Omit<KindVersion, "version" | "group" | "schema" | "deprecation">> {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  /** The group of the stored version, where the kind moved. Default: the same group. */
  readonly storedGroup?: string;
  /** Default: `v1`. */
  readonly storedVersion?: string;
  /** The minor release of Kubernetes 1 from which on upstream warned. */
  readonly deprecatedIn: number;
  /** The minor release of Kubernetes 1 from which on upstream did not serve it any more. */
  readonly removedIn: number;
}

/**
 * The version as a kind's definition holds it. Where nothing is said about conversion, the fields are those of the stored
 * version, newer ones included, so that a change through the old version loses nothing. The warning is upstream's.
 */
export function removedVersion(removed: RemovedVersion): KindVersion {
  const { kind, group, version, storedGroup = group, storedVersion = "v1", deprecatedIn, removedIn } = removed;
  const apiVersion = apiVersionOf({ group, version });
  const stored = apiVersionOf({ group: storedGroup, version: storedVersion });
  const as = (name: string, convert: ((object: KubeObject) => KubeObject) | undefined) => (object: KubeObject) => ({
    ...(convert === undefined ? object : convert(object)),
    apiVersion: name,
    kind,
  });
  return {
    ...removed,
    schema: `io.k8s.api.${group.split(".", 1)[0]}.${version}.${kind}`,
    toStored: as(stored, removed.toStored),
    fromStored: as(apiVersion, removed.fromStored),
    deprecation: `${apiVersion} ${kind} is deprecated in v1.${deprecatedIn}+, unavailable in v1.${removedIn}+; use ${stored} ${kind}`,
  };
}
