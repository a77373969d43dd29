import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type { CertificateSigningRequest, CertificateSigningRequestSpec } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { immutable, invalidEach } from "./field-checks.ts";
import { checkDnsSubdomain } from "./names.ts";

const USAGES = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const MIN_SECONDS = 600;

function validateSigner(name: string | undefined, field: string): FieldError[] {
  if (!name) return [required(field)];
  const segments = name.split("/");
  if (segments.length !== 2 || !segments[0] || !segments[1]) {
    return [invalidValue(field, name, 'must be a fully qualified domain and path of the form "example.com/signer-name"')];
  }
  const [domain = "", path = ""] = segments;
  const errors = invalidEach(field, domain, checkDnsSubdomain(domain));
  if (!domain.includes(".")) errors.push(invalidValue(field, domain, "should be a domain with at least two segments separated by dots"));
  return [...errors, ...(path.split(".").length > 0 ? invalidEach(field, path, checkDnsSubdomain(path)) : [])];
}

function isCertificateRequest(base64: string): boolean {
  const text = Buffer.from(base64, "base64").toString("utf8");
  return /-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----/.test(text);
}

function validateSpec(spec: CertificateSigningRequestSpec, { allows }: WriteContext): FieldError[] {
  const errors: FieldError[] = [];
  if (!isCertificateRequest(spec.request ?? ""))
    errors.push(invalidValue("spec.request", spec.request ?? "", "PEM block type must be CERTIFICATE REQUEST"));
  const usages = spec.usages ?? [];
  if (usages.length === 0) errors.push(required("spec.usages"));
  for (const [index, usage] of usages.entries()) {
    if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, USAGES));
    if (usages.indexOf(usage) !== index) errors.push(duplicate(`spec.usages[${index}]`, usage));
  }
  errors.push(...validateSigner(spec.signerName, "spec.signerName"));
  if (spec.signerName === "kubernetes.io/legacy-unknown" && allows?.has("legacy-signer") !== true) {
    errors.push(invalidValue("spec.signerName", spec.signerName, "the legacy signerName is not allowed via this API version"));
  }
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_SECONDS) {
    errors.push(
      invalidValue("spec.expirationSeconds", spec.expirationSeconds, "may not specify a duration less than 600 seconds (10 minutes)"),
    );
  }
  return errors;
}

function validateConditions(request: CertificateSigningRequest): FieldError[] {
  const conditions = request.status?.conditions ?? [];
  const errors: FieldError[] = [];
  const types = new Set<string>();
  for (const [index, condition] of conditions.entries()) {
    const field = `status.conditions[${index}]`;
    const { type, status } = condition;
    if (!type) errors.push(required(`${field}.type`));
    if (!status) errors.push(required(`${field}.status`));
    else if (["Approved", "Denied", "Failed"].includes(type)) {
      if (status !== "True") errors.push(notSupported(`${field}.status`, status, ["True"]));
    } else if (!["True", "False", "Unknown"].includes(status))
      errors.push(notSupported(`${field}.status`, status, ["True", "False", "Unknown"]));
    if (types.has(type)) errors.push(duplicate(`${field}.type`, type));
    if ((type === "Approved" && types.has("Denied")) || (type === "Denied" && types.has("Approved"))) {
      errors.push(invalidValue(`${field}.type`, type, "Approved and Denied conditions are mutually exclusive"));
    }
    types.add(type);
  }
  return errors;
}

/** Everything that is wrong with a CertificateSigningRequest, or with a decision on one. */
export function validateCertificateSigningRequest(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest | undefined,
  context: WriteContext,
): FieldError[] {
  if (old === undefined) return validateSpec(request.spec ?? ({} as CertificateSigningRequestSpec), context);
  const errors = immutable("spec", request.spec, old.spec);
  if (context.subresource === undefined) return errors;
  errors.push(...validateConditions(request));
  const decisions = (one: CertificateSigningRequest): string[] =>
    (one.status?.conditions ?? []).map(({ type }) => type).filter((type) => type === "Approved" || type === "Denied");
  for (const type of decisions(old)) {
    if (!decisions(request).includes(type))
      errors.push(forbiddenField("status.conditions", `updates may not remove a condition of type ${JSON.stringify(type)}`));
  }
  if (old.status?.certificate && !semanticEqual(request.status?.certificate, old.status.certificate)) {
    errors.push(forbiddenField("status.certificate", "updates may not set certificate content"));
  }
  return errors;
}
