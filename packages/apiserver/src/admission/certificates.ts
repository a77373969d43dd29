import { jsonEquals, type CertificateSigningRequest } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { Authorizer, RequestAttributes } from "../attributes.ts";
import { parseCertificateRequest } from "../pki/certificate-request.ts";
import { SIGNERS } from "../pki/signers.ts";
import { isAbout, refusal } from "./refusal.ts";

const GROUP = "certificates.k8s.io";
const PLURAL = "certificatesigningrequests";

/**
 * Writes into a request who made it: signers decide by that, so nobody may write it himself. Must run behind everything
 * else that changes objects.
 */
export class CertificateRequester implements AdmissionPlugin {
  readonly name = "CertificateRequester";

  mutate(request: AdmissionRequest): void {
    if (!isAbout(request, GROUP, PLURAL) || request.operation !== "CREATE") return;
    const { spec } = request.object as CertificateSigningRequest;
    const { name, uid, groups, extra } = request.user;
    spec.username = name;
    spec.groups = [...groups];
    delete spec.uid;
    if (uid !== undefined) spec.uid = uid;
    delete spec.extra;
    if (extra !== undefined) spec.extra = Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
  }
}

/** Whoever approves or denies a request needs the verb `approve` on its signer. */
export class CertificateApproval implements AdmissionPlugin {
  readonly name = "CertificateApproval";
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  validate(request: AdmissionRequest): void {
    if (!isAbout(request, GROUP, PLURAL, "approval") || request.operation !== "UPDATE") return;
    const { spec } = request.oldObject as CertificateSigningRequest;
    if (!maySign(this.#authorizer, request, "approve", spec.signerName)) {
      throw refusal(request, `user not permitted to approve requests with signerName "${spec.signerName}"`);
    }
  }
}

/** Whoever sets a certificate, or says that there will be none, needs the verb `sign` on the signer. */
export class CertificateSigning implements AdmissionPlugin {
  readonly name = "CertificateSigning";
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  validate(request: AdmissionRequest): void {
    if (!isAbout(request, GROUP, PLURAL, "status") || request.operation !== "UPDATE") return;
    const old = request.oldObject as CertificateSigningRequest;
    const { status } = request.object as CertificateSigningRequest;
    const sameCertificate = (status?.certificate ?? "") === (old.status?.certificate ?? "");
    if (sameCertificate && jsonEquals(status?.conditions ?? [], old.status?.conditions ?? [])) return;
    if (!maySign(this.#authorizer, request, "sign", old.spec.signerName)) {
      throw refusal(request, `user not permitted to sign requests with signerName "${old.spec.signerName}"`);
    }
  }
}

/** Nobody gets a client certificate of the superusers' group by way of a request. */
export class CertificateSubjectRestriction implements AdmissionPlugin {
  readonly name = "CertificateSubjectRestriction";

  validate(request: AdmissionRequest): void {
    if (!isAbout(request, GROUP, PLURAL) || request.operation !== "CREATE") return;
    const { spec } = request.object as CertificateSigningRequest;
    if (spec.signerName !== SIGNERS.client) return;
    let organizations: readonly string[];
    try {
      ({ organizations } = parseCertificateRequest(Buffer.from(spec.request, "base64").toString("utf8")).subject);
    } catch (error) {
      throw refusal(request, `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (organizations.includes("system:masters")) {
      throw refusal(request, `use of ${SIGNERS.client} signer with system:masters group is not allowed`);
    }
  }
}

/** The permission may be for the signer itself, or for all signers of its domain. */
function maySign(authorizer: Authorizer, request: AdmissionRequest, verb: "approve" | "sign", signerName: string): boolean {
  const question = (name: string): RequestAttributes => ({
    user: request.user,
    verb,
    group: GROUP,
    version: "*",
    resource: "signers",
    subresource: "",
    namespace: "",
    name,
    path: "",
    isResourceRequest: true,
  });
  const [domain = ""] = signerName.split("/");
  return [signerName, `${domain}/*`].some((name) => authorizer.authorize(question(name)).decision === "allow");
}
