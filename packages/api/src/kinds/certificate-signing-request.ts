import { certificateSigningRequestColumns } from "../columns/cluster-columns.ts";
import { setCertificateSigningRequestDefaults } from "../defaults/policy-defaults.ts";
import type { CertificateSigningRequest } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareCertificateSigningRequest } from "../prepare/certificate-signing-request-prepare.ts";
import { removedCertificateSigningRequestVersions } from "../removed/certificate-versions.ts";
import { validateCertificateSigningRequest } from "../validation/certificate-validation.ts";

/** A request for a certificate. */
export const certificateSigningRequestKind = defineKind<CertificateSigningRequest>({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  singular: "certificatesigningrequest",
  namespaced: false,
  shortNames: ["csr"],
  schema: "io.k8s.api.certificates.v1.CertificateSigningRequest",
  removedVersions: removedCertificateSigningRequestVersions,
  nameRule: "path-segment",
  statusSubresource: true,
  subresources: ["approval"],
  applyDefaults: setCertificateSigningRequestDefaults,
  prepare: prepareCertificateSigningRequest,
  validate: validateCertificateSigningRequest,
  columns: certificateSigningRequestColumns,
  fieldSelectors: { "spec.signerName": (request) => request.spec?.signerName ?? "" },
});
