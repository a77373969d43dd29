import { writeJson } from "../exact-json.ts";
import { cloneJson, getKey, isJsonObject, jsonEquals, setKey, type JsonObject, type JsonValue } from "../json-value.ts";
import { badRequest, statusError } from "../status.ts";
import { patchDoesNotApply } from "./patch-error.ts";

/** How many operations a JSON patch may have; upstream's number. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;

/** How many characters of JSON all `copy` operations of a patch may copy together: the limit of a request's body. */
export const MAX_JSON_PATCH_COPIED = 3 * 1024 * 1024;

/**
 * Applies a JSON patch (RFC 6902) and returns the new document; the input is not changed. Throws `StatusError`: 400 when the
 * patch is no list of operations, 413 when it has too many, 422 when an operation fails, a `test` included. `patch` must be a
 * JSON value; its form is checked here.
 */
export function applyJsonPatch(document: JsonValue, patch: unknown): JsonValue {
  if (!Array.isArray(patch)) throw badRequest(`json: cannot unmarshal ${isJsonObject(patch) ? "object" : typeof patch} into a JSON patch`);
  if (patch.length > MAX_JSON_PATCH_OPERATIONS) {
    throw statusError(
      "RequestEntityTooLarge",
      `Request entity is too large: The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${patch.length}`,
    );
  }
  const operations = patch.map((operation: unknown) => {
    if (!isJsonObject(operation)) throw badRequest("every operation of a JSON patch must be an object");
    return operation;
  });
  const patcher = new JsonPatcher(cloneJson(document));
  for (const operation of operations) patcher.apply(operation);
  return patcher.document;
}

class JsonPatcher {
  document: JsonValue;
  #copied = 0;

  constructor(document: JsonValue) {
    this.document = document;
  }

  apply(operation: JsonObject): void {
    const path = pointer(operation, "path");
    switch (getKey(operation, "op")) {
      case "add":
        return this.#add(path, cloneJson(valueOf(operation)));
      case "remove":
        return void this.#remove(path);
      case "replace":
        return this.#replace(path, cloneJson(valueOf(operation)));
      case "move":
        return this.#move(pointer(operation, "from"), path);
      case "copy":
        return this.#copy(pointer(operation, "from"), path);
      case "test":
        return this.#test(path, getKey(operation, "value") ?? null);
      default:
        throw patchDoesNotApply(`Unexpected kind: ${writeJson(getKey(operation, "op") ?? "unknown")}`);
    }
  }

  #add(path: readonly string[], value: JsonValue): void {
    const last = path.at(-1);
    if (last === undefined) {
      this.document = value;
      return;
    }
    const parent = this.#container(path);
    if (!Array.isArray(parent)) setKey(parent, last, value);
    else parent.splice(last === "-" ? parent.length : arrayIndex(last, parent.length, path), 0, value);
  }

  #remove(path: readonly string[]): JsonValue {
    const last = path.at(-1);
    if (last === undefined) throw patchDoesNotApply("the whole document cannot be removed");
    const parent = this.#container(path);
    const value = child(parent, last, path);
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
    return value;
  }

  #replace(path: readonly string[], value: JsonValue): void {
    const last = path.at(-1);
    if (last === undefined) {
      this.document = value;
      return;
    }
    const parent = this.#container(path);
    child(parent, last, path);
    if (Array.isArray(parent)) parent[Number(last)] = value;
    else setKey(parent, last, value);
  }

  #move(from: readonly string[], path: readonly string[]): void {
    if (from.length < path.length && from.every((segment, index) => segment === path[index])) {
      throw patchDoesNotApply(`${shown(from)} cannot be moved into itself`);
    }
    if (from.length === path.length && from.every((segment, index) => segment === path[index])) return void this.#get(from);
    this.#add(path, this.#remove(from));
  }

  #copy(from: readonly string[], path: readonly string[]): void {
    const value = this.#get(from);
    this.#copied += jsonSize(value, MAX_JSON_PATCH_COPIED - this.#copied);
    if (this.#copied > MAX_JSON_PATCH_COPIED) {
      throw statusError(
        "RequestEntityTooLarge",
        `Request entity is too large: the copy operations of a JSON patch may copy at most ${MAX_JSON_PATCH_COPIED} bytes`,
      );
    }
    this.#add(path, cloneJson(value));
  }

  #test(path: readonly string[], expected: JsonValue): void {
    if (!jsonEquals(this.#get(path), expected)) throw patchDoesNotApply(`testing value ${shown(path)} failed`);
  }

  #get(path: readonly string[]): JsonValue {
    return path.length === 0 ? this.document : child(this.#container(path), path.at(-1) ?? "", path);
  }

  /** What holds the last segment of the path. */
  #container(path: readonly string[]): JsonObject | JsonValue[] {
    let value: JsonValue = this.document;
    for (const segment of path.slice(0, -1)) value = child(asContainer(value, path), segment, path);
    return asContainer(value, path);
  }
}

function asContainer(value: JsonValue, path: readonly string[]): JsonObject | JsonValue[] {
  if (typeof value !== "object" || value === null) throw patchDoesNotApply(`missing container: ${shown(path)}`);
  return value;
}

function child(parent: JsonObject | JsonValue[], segment: string, path: readonly string[]): JsonValue {
  const value = Array.isArray(parent) ? parent[arrayIndex(segment, parent.length - 1, path)] : getKey(parent, segment);
  if (value === undefined) throw patchDoesNotApply(`missing value: ${shown(path)}`);
  return value;
}

function arrayIndex(segment: string, max: number, path: readonly string[]): number {
  const index = /^(?:0|[1-9]\d{0,9})$/.test(segment) ? Number(segment) : -1;
  if (index < 0 || index > max) throw patchDoesNotApply(`invalid index referenced: ${shown(path)}`);
  return index;
}

function valueOf(operation: JsonObject): JsonValue {
  const value = getKey(operation, "value");
  if (value === undefined) throw patchDoesNotApply("the operation has no value");
  return value;
}

/** Takes a JSON pointer (RFC 6901) apart. */
function pointer(operation: JsonObject, field: "path" | "from"): string[] {
  const text = getKey(operation, field);
  if (typeof text !== "string") throw patchDoesNotApply(`the operation has no ${field}`);
  if (text === "") return [];
  if (!text.startsWith("/") || /~(?![01])/.test(text)) throw patchDoesNotApply(`not a JSON pointer: ${text}`);
  return text
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function shown(path: readonly string[]): string {
  return path.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** About the length of the value as JSON; stops counting beyond `limit`. */
function jsonSize(value: JsonValue, limit: number): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let size = 2;
  for (const [key, item] of Object.entries(value)) {
    if (size > limit) break;
    size += (Array.isArray(value) ? 1 : key.length + 4) + jsonSize(item, limit - size);
  }
  return size;
}
