import type { CertificateSigningRequest } from "@skiff/api";
import { isCertificateUsage, type CertificateUsage } from "./certificate.ts";
import { parseCertificateRequest, type ParsedCertificateRequest } from "./certificate-request.ts";
import { LEAF_VALIDITY_MS, type CertificateAuthority } from "./certificate-authority.ts";

/** The signers that Kubernetes itself runs (`certificates.k8s.io`). */
export const SIGNERS = {
  client: "kubernetes.io/kube-apiserver-client",
  kubeletClient: "kubernetes.io/kube-apiserver-client-kubelet",
  kubeletServing: "kubernetes.io/kubelet-serving",
  legacyUnknown: "kubernetes.io/legacy-unknown",
} as const;

/** What a signer made of a request: a certificate, or the `Failed` condition to set. */
type SigningResult =
  | { readonly certificatePem: string }
  | { readonly failure: { readonly reason: "SignerValidationFailure"; readonly message: string } };

/** The shortest validity that may be asked for, `spec.expirationSeconds`. */
const MIN_EXPIRATION_SECONDS = 600;

/**
 * Signs an approved request for one of the built-in signers. Pure but for the authority's clock and randomness.
 * Answers `undefined` for requests that are not ours to sign: other signers, not approved, denied, failed, or signed already.
 */
export function signCertificateSigningRequest(
  authority: CertificateAuthority,
  request: CertificateSigningRequest,
  /** The longest validity, and the one when none is asked for. Default one year. */
  maxValidityMs: number = LEAF_VALIDITY_MS,
): SigningResult | undefined {
  const { signerName, expirationSeconds } = request.spec;
  if (!(Object.values(SIGNERS) as string[]).includes(signerName) || !isWaitingForSignature(request)) return undefined;
  try {
    const parsed = parseCertificateRequest(Buffer.from(request.spec.request, "base64").toString("utf8"));
    const problem = problemOf(signerName, parsed, request.spec.usages ?? []);
    if (problem !== undefined) return failure(problem);
    const asked = expirationSeconds === undefined ? maxValidityMs : Math.max(expirationSeconds, MIN_EXPIRATION_SECONDS) * 1000;
    const certificatePem = authority.issue({
      subject: parsed.subject,
      publicKeyInfo: parsed.publicKeyInfo,
      usages: (request.spec.usages ?? []).filter(isCertificateUsage),
      names: parsed.names,
      validityMs: Math.min(asked, maxValidityMs),
    });
    return { certificatePem };
  } catch (error) {
    return failure(`unable to parse csr: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function failure(message: string): SigningResult {
  return { failure: { reason: "SignerValidationFailure", message } };
}

function isWaitingForSignature(request: CertificateSigningRequest): boolean {
  const conditions = request.status?.conditions ?? [];
  const has = (type: string): boolean => conditions.some((condition) => condition.type === type);
  return has("Approved") && !has("Denied") && !has("Failed") && !request.status?.certificate;
}

/** Why a signer refuses; `undefined` when it does not. The rules are those of the certificates API reference. */
function problemOf(signer: string, request: ParsedCertificateRequest, usages: readonly string[]): string | undefined {
  switch (signer) {
    case SIGNERS.client:
      return clientProblem(usages);
    case SIGNERS.kubeletClient:
      return kubeletClientProblem(request, usages);
    case SIGNERS.kubeletServing:
      return kubeletServingProblem(request, usages);
    default:
      return undefined;
  }
}

function clientProblem(usages: readonly string[]): string | undefined {
  const permitted = new Set(["digital signature", "key encipherment", "client auth"]);
  const other = usages.find((usage) => !permitted.has(usage));
  if (other !== undefined) return `unsupported usage: ${other}`;
  return usages.includes("client auth") ? undefined : "missing required usage: client auth";
}

/** The rules for the client certificate of a kubelet. */
function kubeletClientProblem(request: ParsedCertificateRequest, usages: readonly string[]): string | undefined {
  const { subject, names } = request;
  if (subject.organizations.length !== 1 || subject.organizations[0] !== "system:nodes") return "organization in CSR is not [system:nodes]";
  if (names.dnsNames.length > 0) return "DNS SANs are not allowed";
  if (names.emailAddresses.length > 0) return "Email SANs are not allowed";
  if (names.ipAddresses.length > 0) return "IP SANs are not allowed";
  if (names.uris.length > 0) return "URI SANs are not allowed";
  if (!isNodeName(subject.commonName)) return "subject common name does not begin with system:node:";
  return usagesAre(usages, ["digital signature", "client auth"], ["key encipherment"])
    ? undefined
    : "usages did not match [client auth digital signature key encipherment]";
}

/** The rules for the serving certificate of a kubelet. */
export function kubeletServingProblem(request: ParsedCertificateRequest, usages: readonly string[]): string | undefined {
  const { subject, names } = request;
  if (subject.organizations.length !== 1 || subject.organizations[0] !== "system:nodes") return "organization in CSR is not [system:nodes]";
  if (names.dnsNames.length === 0 && names.ipAddresses.length === 0) return "DNS or IP SANs are required";
  if (names.emailAddresses.length > 0) return "Email SANs are not allowed";
  if (names.uris.length > 0) return "URI SANs are not allowed";
  if (!isNodeName(subject.commonName)) return "subject common name does not begin with system:node:";
  return usagesAre(usages, ["digital signature", "server auth"], ["key encipherment"])
    ? undefined
    : "usages did not match [digital signature key encipherment server auth]";
}

function isNodeName(commonName: string): boolean {
  return commonName.startsWith("system:node:") && commonName.length > "system:node:".length;
}

function usagesAre(usages: readonly string[], required: readonly CertificateUsage[], optional: readonly CertificateUsage[]): boolean {
  const allowed = new Set<string>([...required, ...optional]);
  return required.every((usage) => usages.includes(usage)) && usages.every((usage) => allowed.has(usage));
}

/** What the approval of a kubelet's client certificate asks of authorisation: who asks for which node. */
interface KubeletClientRecognition {
  /** `selfnodeclient`: a node renews its own certificate; `nodeclient`: a bootstrapping machine asks for a node's first. */
  readonly permission: "selfnodeclient" | "nodeclient";
  /** The message of the `Approved` condition. */
  readonly message: string;
}

/**
 * Whether a request is one for a kubelet's client certificate, and which permission (`create` on
 * `certificatesigningrequests/<permission>`) its maker needs for it to be approved without a person.
 */
export function recogniseKubeletClient(request: CertificateSigningRequest): readonly KubeletClientRecognition[] {
  if (request.spec.signerName !== SIGNERS.kubeletClient) return [];
  let parsed: ParsedCertificateRequest;
  try {
    parsed = parseCertificateRequest(Buffer.from(request.spec.request, "base64").toString("utf8"));
  } catch {
    return [];
  }
  if (kubeletClientProblem(parsed, request.spec.usages ?? []) !== undefined) return [];
  const node: KubeletClientRecognition = {
    permission: "nodeclient",
    message: "Auto approving kubelet client certificate after SubjectAccessReview.",
  };
  const self: KubeletClientRecognition = {
    permission: "selfnodeclient",
    message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
  };
  return request.spec.username === parsed.subject.commonName ? [self, node] : [node];
}
