import { certificateSigningRequestKind, isStatus, type CertificateSigningRequest } from "@skiff/api";
import { objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { msUntilStale } from "./plan.ts";

/** Deletes requests for certificates that are answered, or that nobody will answer. */
export function createCertificateCleanerController({ client, informers }: ControllerContext): AnyController {
  const requests = informers.informer(certificateSigningRequestKind);
  const controller: Controller<CertificateSigningRequest, number> = {
    name: "certificatesigningrequest-cleaner-controller",
    sources: [objectsOf(requests)],
    observe: (key) => requests.get(key),
    plan: (request, nowMs) => msUntilStale(request, nowMs),
    async perform(remainingMs, { metadata }) {
      if (remainingMs > 0) return { requeueAfterMs: remainingMs };
      try {
        const preconditions = { uid: metadata?.uid, resourceVersion: metadata?.resourceVersion };
        await client.resource(certificateSigningRequestKind).delete({ name: metadata?.name ?? "" }, { preconditions });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
      return;
    },
  };
  return controller;
}
