import { duplicate, type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  RuleWithOperations,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  AdmissionregistrationWebhookClientConfig as WebhookClientConfig,
} from "../generated/types.ts";
import { invalidEach, optionalOneOf, requiredText } from "./field-checks.ts";
import { validateLabelSelector } from "./labels.ts";
import { checkDnsSubdomain, checkPortNumber, checkQualifiedName } from "./names.ts";

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const MAX_TIMEOUT_SECONDS = 30;

/** What is wrong with the path of a webhook at a Service: an empty one is the root, others consist of subdomains. */
function checkServicePath(path: string): string[] {
  if (path === "" || path === "/") return [];
  if (path === "//") return ["segment[0] may not be empty"];
  const segments = path.slice(1).replace(/\/$/, "").split("/");
  const problems = segments.flatMap((segment, index) =>
    segment === "" ? [`segment[${index}] may not be empty`] : checkDnsSubdomain(segment).map((problem) => `segment[${index}]: ${problem}`),
  );
  return path.startsWith("/") ? problems : ["must start with a '/'", ...problems];
}

/** Where a webhook is reached: by URL or as a Service, never both. */
export function validateClientConfig(config: Partial<WebhookClientConfig> | undefined, field: string): FieldError[] {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) return [required(field, "exactly one of url or service is required")];
  if (service !== undefined) {
    const errors = [...requiredText(`${field}.service.name`, service.name, "service name is required")];
    errors.push(...requiredText(`${field}.service.namespace`, service.namespace, "service namespace is required"));
    const port = service.port ?? 443;
    errors.push(
      ...invalidEach(
        `${field}.service.port`,
        port,
        checkPortNumber(port).map((problem) => `port is not valid: ${problem}`),
      ),
    );
    const { path = "" } = service;
    return [...errors, ...checkServicePath(path).map((problem) => invalidValue(`${field}.service.path`, path, problem))];
  }
  let parsed: URL;
  try {
    parsed = new URL(url ?? "");
  } catch {
    return [
      required(
        `${field}.url`,
        `url must be a valid URL: parse ${JSON.stringify(url)}: invalid URI for request; desired format: https://host[/path]`,
      ),
    ];
  }
  const form = "; desired format: https://host[/path]";
  const errors: FieldError[] = [];
  if (parsed.protocol !== "https:") {
    errors.push(invalidValue(`${field}.url`, parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`));
  }
  if (parsed.hostname === "") errors.push(invalidValue(`${field}.url`, "", `host must be specified${form}`));
  if (parsed.username !== "" || parsed.password !== "")
    errors.push(invalidValue(`${field}.url`, parsed.username, "user information is not permitted in the URL"));
  if (parsed.hash !== "") errors.push(invalidValue(`${field}.url`, parsed.hash.slice(1), "fragments are not permitted in the URL"));
  if (parsed.search !== "")
    errors.push(invalidValue(`${field}.url`, parsed.search.slice(1), "query parameters are not permitted in the URL"));
  return errors;
}

function validateWildcard(values: readonly string[], what: string, field: string): FieldError[] {
  if (values.length === 0) return [required(field)];
  const errors: FieldError[] = [];
  if (values.length > 1 && values.includes("*"))
    errors.push(invalidValue(field, values, `if '*' is present, must not specify other ${what}`));
  return errors;
}

/** Which requests a webhook or a policy is for. */
export function validateRule(rule: RuleWithOperations, field: string): FieldError[] {
  const { apiGroups = [], apiVersions = [], resources = [], operations = [], scope } = rule;
  const errors = validateWildcard(apiGroups, "API groups", `${field}.apiGroups`);
  errors.push(...validateWildcard(apiVersions, "API versions", `${field}.apiVersions`));
  for (const [index, version] of apiVersions.entries()) if (version === "") errors.push(required(`${field}.apiVersions[${index}]`));
  if (resources.length === 0) errors.push(required(`${field}.resources`));
  for (const [index, resource] of resources.entries()) if (resource === "") errors.push(required(`${field}.resources[${index}]`));
  if (resources.length > 1 && resources.includes("*/*")) {
    errors.push(invalidValue(`${field}.resources`, resources, "if '*/*' is present, must not specify other resources"));
  }
  errors.push(...validateWildcard(operations, "operations", `${field}.operations`));
  for (const [index, operation] of operations.entries()) {
    if (!OPERATIONS.includes(operation)) errors.push(notSupported(`${field}.operations[${index}]`, operation, OPERATIONS));
  }
  return [...errors, ...optionalOneOf(`${field}.scope`, scope, ["*", "Cluster", "Namespaced"])];
}

/** The name of a webhook: a domain of at least three parts. */
function validateHookName(name: string | undefined, field: string): FieldError[] {
  if (!name) return [required(field)];
  const wrong = checkDnsSubdomain(name);
  if (wrong.length > 0) return [invalidValue(field, name, wrong.join(","))];
  return name.split(".").length < 3 ? [invalidValue(field, name, "should be a domain with at least three segments separated by dots")] : [];
}

/** Conditions in CEL: each with a name of its own and an expression. Whether it compiles is for the evaluator to say. */
export function validateMatchConditions(conditions: readonly { name?: string; expression?: string }[], field: string): FieldError[] {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  if (conditions.length > 64)
    errors.push({ type: "FieldValueTooMany", field, message: `Too many: ${conditions.length}: must have at most 64 items` });
  for (const [index, { name = "", expression = "" }] of conditions.entries()) {
    const at = `${field}[${index}]`;
    if (expression.trim() === "") errors.push(required(`${at}.expression`));
    if (name === "") errors.push(required(`${at}.name`));
    else errors.push(...invalidEach(`${at}.name`, name, checkQualifiedName(name)));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  }
  return errors;
}

function validateWebhook(webhook: ValidatingWebhook | MutatingWebhook, field: string): FieldError[] {
  const errors = validateHookName(webhook.name, `${field}.name`);
  for (const [index, rule] of (webhook.rules ?? []).entries()) errors.push(...validateRule(rule, `${field}.rules[${index}]`));
  errors.push(...optionalOneOf(`${field}.failurePolicy`, webhook.failurePolicy, ["Fail", "Ignore"]));
  errors.push(...optionalOneOf(`${field}.matchPolicy`, webhook.matchPolicy, ["Equivalent", "Exact"]));
  if (!webhook.sideEffects) errors.push(required(`${field}.sideEffects`, "must specify one of None, NoneOnDryRun"));
  else if (!["None", "NoneOnDryRun"].includes(webhook.sideEffects)) {
    errors.push(notSupported(`${field}.sideEffects`, webhook.sideEffects, ["None", "NoneOnDryRun"]));
  }
  const timeout = webhook.timeoutSeconds;
  if (timeout !== undefined && (timeout < 1 || timeout > MAX_TIMEOUT_SECONDS)) {
    errors.push(invalidValue(`${field}.timeoutSeconds`, timeout, "the timeout value must be between 1 and 30 seconds"));
  }
  errors.push(...validateLabelSelector(webhook.namespaceSelector, `${field}.namespaceSelector`));
  errors.push(...validateLabelSelector(webhook.objectSelector, `${field}.objectSelector`));
  errors.push(...validateClientConfig(webhook.clientConfig, `${field}.clientConfig`));
  const versions = webhook.admissionReviewVersions ?? [];
  if (versions.length === 0) errors.push(required(`${field}.admissionReviewVersions`, "must specify one of v1, v1beta1"));
  else if (!versions.some((version) => version === "v1" || version === "v1beta1")) {
    errors.push(invalidValue(`${field}.admissionReviewVersions`, versions, "must include at least one of v1, v1beta1"));
  }
  if ("reinvocationPolicy" in webhook)
    errors.push(...optionalOneOf(`${field}.reinvocationPolicy`, webhook.reinvocationPolicy, ["IfNeeded", "Never"]));
  return [...errors, ...validateMatchConditions(webhook.matchConditions ?? [], `${field}.matchConditions`)];
}

/** Everything that is wrong with a configuration of webhooks. */
export function validateWebhookConfiguration(configuration: ValidatingWebhookConfiguration | MutatingWebhookConfiguration): FieldError[] {
  const names = new Set<string>();
  return (configuration.webhooks ?? []).flatMap((webhook, index) => {
    const errors = validateWebhook(webhook, `webhooks[${index}]`);
    if (webhook.name && names.has(webhook.name)) errors.push(duplicate(`webhooks[${index}].name`, webhook.name));
    names.add(webhook.name);
    return errors;
  });
}
