import { badRequest, type TokenRequest } from "@skiff/api";
import type { TokenIssuer } from "../authn/token-issuer.ts";
import { admissionRequest, mutate, validateAdmission } from "../stages/admit.ts";
import { instantiate, readBody } from "../stages/decode.ts";
import { existingState, methodNotAllowed, placeAtName, placeInNamespace } from "../verbs/object-target.ts";
import { optionsObject } from "../verbs/options-object.ts";
import { parseWriteOptions } from "../write-options.ts";
import { TOKEN_REQUEST, withBodyKind } from "./body-kinds.ts";
import type { SubresourceHandler } from "./subresource-handler.ts";

/** `POST serviceaccounts/NAME/token`: a TokenRequest, answered with the token. */
export function serviceAccountTokenHandler(issuer: TokenIssuer): SubresourceHandler {
  return async (context) => {
    const { request, route } = context;
    if (request.method !== "POST") throw methodNotAllowed(context);
    const options = parseWriteOptions(request.query, "CreateOptions");
    const wanted = instantiate(withBodyKind(context, TOKEN_REQUEST), await readBody(context), options.fieldValidation) as TokenRequest;
    placeInNamespace(context, wanted);
    placeAtName(wanted, route.name);
    if ((wanted.spec?.audiences ?? []).some((audience) => audience === "")) throw badRequest("an audience must not be empty");
    await existingState(context);
    const admission = admissionRequest(context, {
      operation: "CREATE",
      namespace: route.namespace,
      name: route.name,
      dryRun: options.dryRun,
      object: wanted,
      oldObject: undefined,
      options: optionsObject("CreateOptions", options),
    });
    await mutate(context, admission);
    await validateAdmission(context, admission);
    const issued = await issuer.issue(route.namespace, route.name, wanted);
    return { type: "value", status: 201, value: { ...issued, kind: TOKEN_REQUEST.kind, apiVersion: "authentication.k8s.io/v1" } };
  };
}
