import type { CertificateSigningRequest } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { ownCopy } from "./status-prepare.ts";

const isDecision = (type: string): boolean => type === "Approved" || type === "Denied";

/**
 * A request never changes; `approval` changes only the conditions, and `status` everything but the decision. Who asks is
 * filled in by the server, which knows the user.
 */
export function prepareCertificateSigningRequest(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest | undefined,
  context: WriteContext,
): void {
  if (old === undefined) {
    request.status = {};
    return;
  }
  request.spec = ownCopy(old.spec);
  const before = ownCopy(old.status ?? {});
  if (context.subresource === "approval") {
    const { conditions } = request.status ?? {};
    request.status = conditions === undefined ? before : { ...before, conditions };
  } else if (context.subresource === "status") {
    const decisions = (before.conditions ?? []).filter((condition) => isDecision(condition.type));
    const others = (request.status?.conditions ?? []).filter((condition) => !isDecision(condition.type));
    request.status = { ...request.status };
    if (decisions.length + others.length > 0) request.status.conditions = [...decisions, ...others];
    else delete request.status.conditions;
  } else {
    request.status = before;
  }
}
