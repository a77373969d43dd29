import { type FieldError, invalidValue, required } from "../field-error.ts";
import type { APIService } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { invalidEach, requiredText } from "./field-checks.ts";
import { checkDns1035Label, checkDnsSubdomain, checkPortNumber } from "./names.ts";

const MAX_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1000;

/** Everything that is wrong with an APIService. */
export function validateApiService(service: APIService, old: APIService | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return [];
  const {
    group = "",
    version = "",
    groupPriorityMinimum = 0,
    versionPriority = 0,
    service: reference,
    caBundle,
    insecureSkipTLSVerify,
  } = service.spec ?? {};
  const name = service.metadata?.name ?? "";
  const errors: FieldError[] = [];
  if (name !== `${version}.${group}`) {
    const parts = ['spec.version + "." + spec.group', `${version}.${group}`];
    errors.push(invalidValue("metadata.name", name, `must be \`${parts[0]}\`: ${JSON.stringify(parts[1])}`));
  }
  // The core group has no name.
  if (group === "") {
    if (version !== "v1") errors.push(required("spec.group", "only v1 may have an empty group and it better be legacy kube"));
  } else errors.push(...invalidEach("spec.group", group, checkDnsSubdomain(group)));
  errors.push(...invalidEach("spec.version", version, checkDns1035Label(version)));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > MAX_PRIORITY) {
    errors.push(invalidValue("spec.groupPriorityMinimum", groupPriorityMinimum, "must be positive and less than 20000"));
  }
  if (versionPriority <= 0 || versionPriority > MAX_VERSION_PRIORITY) {
    errors.push(invalidValue("spec.versionPriority", versionPriority, "must be positive and less than 1000"));
  }
  if (!reference) {
    if (caBundle)
      errors.push(
        invalidValue("spec.caBundle", `${Buffer.byteLength(caBundle, "base64")} bytes`, "local APIServices may not have a caBundle"),
      );
    if (insecureSkipTLSVerify)
      errors.push(invalidValue("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify"));
    return errors;
  }
  errors.push(...requiredText("spec.service.namespace", reference.namespace), ...requiredText("spec.service.name", reference.name));
  const port = reference.port ?? 443;
  errors.push(
    ...invalidEach(
      "spec.service.port",
      port,
      checkPortNumber(port).map((problem) => `port is not valid: ${problem}`),
    ),
  );
  if (caBundle && insecureSkipTLSVerify)
    errors.push(invalidValue("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present"));
  return errors;
}
