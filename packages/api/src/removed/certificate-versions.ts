import type { CertificateSigningRequest } from "../generated/types.ts";
import type { KindVersion } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { removedVersion } from "./removed-version.ts";

/** Requests named no signer, and conditions no status; both were filled in. */
function setDefaults(object: KubeObject): void {
  const request = object as CertificateSigningRequest;
  if (request.spec !== undefined) {
    request.spec.usages ??= ["digital signature", "key encipherment"];
    request.spec.signerName ??= "kubernetes.io/legacy-unknown";
  }
  for (const condition of request.status?.conditions ?? []) condition.status ||= "True";
}

/** The version of CertificateSigningRequests before `certificates.k8s.io/v1`. */
export const removedCertificateSigningRequestVersions: readonly KindVersion[] = [
  removedVersion({
    kind: "CertificateSigningRequest",
    group: "certificates.k8s.io",
    version: "v1beta1",
    deprecatedIn: 19,
    removedIn: 22,
    applyDefaults: setDefaults,
    allows: new Set(["legacy-signer"] as const),
  }),
];
