import { type FieldError, forbiddenField, invalidValue, MAX_SHOWN_ERRORS, required, tooLong } from "../field-error.ts";
import type { ConfigMap, Secret } from "../generated/types.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { immutable, invalidEach } from "./field-checks.ts";
import { byteLength, checkConfigMapKey } from "./names.ts";

/** All values of a ConfigMap or Secret together, in bytes: 1 MiB. */
const MAX_CONFIG_SIZE = 1_048_576;

/** Bytes behind base64 text. */
function decodedLength(text: string): number {
  return Buffer.byteLength(text, "base64");
}

function validateUnchanged(now: ConfigMap | Secret, old: ConfigMap | Secret): FieldError[] {
  if (!old.immutable) return [];
  const frozen = "field is immutable when `immutable` is set";
  const errors: FieldError[] = [];
  if (!now.immutable) errors.push(forbiddenField("immutable", frozen));
  if (!semanticEqual(now.data, old.data)) errors.push(forbiddenField("data", frozen));
  const binary = (object: ConfigMap | Secret): unknown => ("binaryData" in object ? object.binaryData : undefined);
  if (!semanticEqual(binary(now), binary(old))) errors.push(forbiddenField("binaryData", frozen));
  return errors;
}

/** Everything that is wrong with a ConfigMap. */
export function validateConfigMap(configMap: ConfigMap, old: ConfigMap | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(configMap.data ?? {})) {
    if (errors.length <= MAX_SHOWN_ERRORS) errors.push(...invalidEach(`data[${key}]`, key, checkConfigMapKey(key)));
    if (Object.hasOwn(configMap.binaryData ?? {}, key))
      errors.push(invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData"));
    size += byteLength(value);
  }
  for (const [key, value] of Object.entries(configMap.binaryData ?? {})) {
    errors.push(...invalidEach(`binaryData[${key}]`, key, checkConfigMapKey(key)));
    size += decodedLength(value);
  }
  if (size > MAX_CONFIG_SIZE) errors.push(tooLong("", MAX_CONFIG_SIZE));
  return old === undefined ? errors : [...validateUnchanged(configMap, old), ...errors];
}

/** Keys that well-known types of Secrets must have. */
const REQUIRED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
]);

function isJson(base64: string): boolean {
  try {
    JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

function validateSecretType(secret: Secret): FieldError[] {
  const { type = "", data = {} } = secret;
  if (type === "kubernetes.io/service-account-token") {
    const account = secret.metadata?.annotations?.["kubernetes.io/service-account.name"];
    return account ? [] : [required("metadata.annotations[kubernetes.io/service-account.name]")];
  }
  if (type === "kubernetes.io/basic-auth") {
    return "username" in data || "password" in data ? [] : [required("data[username]"), required("data[password]")];
  }
  return (REQUIRED_KEYS.get(type) ?? []).flatMap((key) => {
    const value = data[key];
    if (value === undefined) return [required(`data[${key}]`)];
    if (key.startsWith(".docker") && !isJson(value))
      return [invalidValue(`data[${key}]`, "<secret contents redacted>", "invalid character looking for beginning of value")];
    if (key === "ssh-privatekey" && value === "") return [required(`data[${key}]`)];
    return [];
  });
}

/** Everything that is wrong with a Secret. */
export function validateSecret(secret: Secret, old: Secret | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    errors.push(...invalidEach(`data[${key}]`, key, checkConfigMapKey(key)));
    size += decodedLength(value);
  }
  if (size > MAX_CONFIG_SIZE) errors.push(tooLong("data", MAX_CONFIG_SIZE));
  errors.push(...validateSecretType(secret));
  if (old === undefined) return errors;
  return [...immutable("type", secret.type, old.type), ...validateUnchanged(secret, old), ...errors];
}
