import { certificateSigningRequestKind, type CertificateSigningRequest } from "@skiff/api";
import { objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import type { CertificateSigningOptions, SigningAnswer } from "./certificate-signing.ts";
import { answered } from "./plan.ts";

/** Signs approved requests with the authority of the cluster. */
export function createCertificateSigningController(
  { client, informers, host }: ControllerContext,
  { sign }: CertificateSigningOptions,
): AnyController {
  const requests = informers.informer(certificateSigningRequestKind);
  const controller: Controller<CertificateSigningRequest, SigningAnswer | undefined> = {
    name: "certificatesigningrequest-signing-controller",
    sources: [objectsOf(requests)],
    observe: (key) => requests.get(key),
    // A certificate is not a function of the request alone: it has the time and a serial number of its own.
    plan: (request) => sign(request),
    async perform(answer, request) {
      if (answer === undefined) return;
      await client.resource(certificateSigningRequestKind).updateStatus(answered(request, answer, host.clock.now()));
    },
  };
  return controller;
}
