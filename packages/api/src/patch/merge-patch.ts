import { getKey, isJsonObject, jsonEquals, setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { badRequest } from "../status.ts";

/**
 * Applies a JSON merge patch (RFC 7386) and returns the new document, which shares its unchanged parts with the input; the
 * input is not changed. Throws `StatusError` (400) when the patch is not an object, for it would replace the whole object.
 */
export function applyMergePatch(document: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) throw badRequest("Invalid JSON Patch: a merge patch must be an object");
  return merged(document, patch);
}

function merged(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setKey(result, key, merged(getKey(result, key), value));
  }
  return result;
}

/**
 * The merge patch that makes `modified` out of `current`, and takes away what `original` (the last applied state) had and
 * `modified` no longer has: what `kubectl apply` sends for kinds without merge keys. Fields that only `current` has stay.
 */
export function createThreeWayMergePatch(original: JsonObject, modified: JsonObject, current: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const [key, wanted] of Object.entries(modified)) {
    const now = getKey(current, key);
    if (isJsonObject(wanted) && isJsonObject(now)) {
      const before = getKey(original, key);
      const inner = createThreeWayMergePatch(isJsonObject(before) ? before : {}, wanted, now);
      if (Object.keys(inner).length > 0) setKey(patch, key, inner);
    } else if (!jsonEquals(wanted, now) && !(wanted === null && now === undefined)) setKey(patch, key, wanted);
  }
  for (const key of Object.keys(original)) {
    if (!Object.hasOwn(modified, key) && Object.hasOwn(current, key)) setKey(patch, key, null);
  }
  return patch;
}
