import { certificateSigningRequestKind, subjectAccessReviewKind, type CertificateSigningRequest } from "@skiff/api";
import { objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import type { ApprovalRule, CertificateSigningOptions } from "./certificate-signing.ts";
import { approved, isUndecided } from "./plan.ts";

/** Approves requests for the client certificates of kubelets when their makers have the permission for that. */
export function createCertificateApprovingController(
  { client, informers, host }: ControllerContext,
  { approvalRules }: CertificateSigningOptions,
): AnyController {
  const requests = informers.informer(certificateSigningRequestKind);
  const mayCreate = async ({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> => {
    const { username: user, uid, groups, extra } = spec;
    const resource = "certificatesigningrequests";
    const resourceAttributes = { group: "certificates.k8s.io", version: "*", resource, subresource, verb: "create" };
    const review = await client.resource(subjectAccessReviewKind).create({ spec: { user, uid, groups, extra, resourceAttributes } });
    return review.status?.allowed ?? false;
  };
  const controller: Controller<CertificateSigningRequest, readonly ApprovalRule[]> = {
    name: "certificatesigningrequest-approving-controller",
    sources: [objectsOf(requests)],
    observe: (key) => requests.get(key),
    plan: (request) => (isUndecided(request) ? approvalRules(request) : []),
    async perform(rules, request) {
      for (const { permission, message } of rules) {
        if (!(await mayCreate(request, permission))) continue;
        const decision = approved(request, message, host.clock.now());
        await client.resource(certificateSigningRequestKind).update(decision, { subresource: "approval" });
        return;
      }
      if (rules.length === 0) return;
      const tried = rules.map(({ permission }) => permission).join(" ");
      // Tried again with back-off: the permission may come later.
      throw new Error(`recognized csr "${request.metadata?.name}" as [${tried}] but subject access review was not approved`);
    },
  };
  return controller;
}
