import type { CertificateSigningRequest, Node } from "@skiff/api";
import {
  kubeletServingProblem,
  parseCertificateRequest,
  recogniseKubeletClient,
  SIGNERS,
  type ParsedCertificateRequest,
} from "@skiff/apiserver";
import type { ApprovalRule } from "@skiff/controllers";
import { NODE_SERVICE_IDENTITIES } from "../manage/identities.ts";

/** On which subresources of `certificatesigningrequests` a node must have `create` for its requests to be approved. */
export const NODE_CERTIFICATE_PERMISSIONS = { serving: "selfnodeserver", services: "nodeservices" } as const;

type IsReserved = (host: string, node: string) => boolean;

const NODE_USER = "system:node:";
const SERVICE_USAGES = new Set(["digital signature", "key encipherment", "client auth"]);

/**
 * The rules by which the certificates of nodes are approved without a person: upstream's for the kubelets' own, and two for
 * what a joined machine cannot make itself as the machine of the cluster does. A node gets a serving certificate for its own
 * name, and the certificates of what runs on every node beside the kubelet; both renew themselves in the same way.
 *
 * `isReserved` tells hosts that a node may not serve as: those of the API server and of other nodes.
 */
export function nodeApprovalRules(isReserved: IsReserved): (request: CertificateSigningRequest) => readonly ApprovalRule[] {
  return (request) => {
    switch (request.spec.signerName) {
      case SIGNERS.kubeletClient:
        return recogniseKubeletClient(request);
      case SIGNERS.kubeletServing:
        return ruleFor(request, (parsed) => isOwnServing(request, parsed, isReserved), {
          permission: NODE_CERTIFICATE_PERMISSIONS.serving,
          message: "Auto approving self kubelet serving certificate after SubjectAccessReview.",
        });
      case SIGNERS.client:
        return ruleFor(request, (parsed) => isNodeService(request, parsed), {
          permission: NODE_CERTIFICATE_PERMISSIONS.services,
          message: "Auto approving node service client certificate after SubjectAccessReview.",
        });
      default:
        return [];
    }
  };
}

/** Whether a host, by name or address, is another of the nodes than this one. */
export function belongsToOther(nodes: readonly Node[], host: string, node: string): boolean {
  return nodes.some(
    ({ metadata, status }) =>
      metadata?.name !== node && (metadata?.name === host || (status?.addresses ?? []).some(({ address }) => address === host)),
  );
}

function ruleFor(
  { spec }: CertificateSigningRequest,
  matches: (parsed: ParsedCertificateRequest) => boolean,
  rule: ApprovalRule,
): readonly ApprovalRule[] {
  if (!spec.username?.startsWith(NODE_USER)) return [];
  try {
    return matches(parseCertificateRequest(Buffer.from(spec.request, "base64").toString("utf8"))) ? [rule] : [];
  } catch {
    // The signer says what is wrong with a request that cannot be read, once a person has approved it.
    return [];
  }
}

function isOwnServing({ spec }: CertificateSigningRequest, parsed: ParsedCertificateRequest, isReserved: IsReserved): boolean {
  const { subject, names } = parsed;
  if (subject.commonName !== spec.username || kubeletServingProblem(parsed, spec.usages ?? []) !== undefined) return false;
  const node = subject.commonName.slice(NODE_USER.length);
  return names.dnsNames.every((name) => name === node) && ![...names.dnsNames, ...names.ipAddresses].some((host) => isReserved(host, node));
}

function isNodeService({ spec }: CertificateSigningRequest, { subject, names }: ParsedCertificateRequest): boolean {
  const { dnsNames, ipAddresses, uris, emailAddresses } = names;
  if (dnsNames.length + ipAddresses.length + uris.length + emailAddresses.length > 0) return false;
  if (!spec.usages?.includes("client auth") || !spec.usages.every((usage) => SERVICE_USAGES.has(usage))) return false;
  return Object.values(NODE_SERVICE_IDENTITIES).some(
    ({ commonName, organizations }) =>
      commonName === subject.commonName &&
      organizations.length === subject.organizations.length &&
      organizations.every((organization) => subject.organizations.includes(organization)),
  );
}
