import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { definitionDocument } from "../openapi/definition.ts";
import { openApiV2 } from "../openapi/open-api-v2.ts";
import { allKinds } from "../kinds/all-kinds.ts";
import { builtInSchemas } from "./built-in-schemas.ts";

/** The official specification lies beside the repository where it is developed; it is not part of it. */
const SPECIFICATION = new URL("../../../../../shared/openapi/swagger-1.36.json.gz", import.meta.url);

type Json = Record<string, unknown>;
interface Specification {
  readonly definitions: Readonly<Record<string, Json>>;
  readonly paths: Readonly<Record<string, Json>>;
}

const present = existsSync(SPECIFICATION);
const official: Specification = present
  ? (JSON.parse(gunzipSync(readFileSync(SPECIFICATION)).toString()) as Specification)
  : { definitions: {}, paths: {} };

/**
 * Without texts, which are ours for scalars and which the client leaves out beside references, and with the names of required
 * fields in order, which upstream takes from its source.
 */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, text]) => key !== "description" || typeof text !== "string");
  return Object.fromEntries(
    kept.map(([key, child]) => [key, key === "required" && Array.isArray(child) ? [...(child as string[])].sort() : comparable(child)]),
  );
}

describe.skipIf(!present)("against the official specification (skipped where ../shared/openapi is not beside the repository)", () => {
  const registry = builtInSchemas();

  it("has the same definitions", () => {
    expect(registry.names()).toEqual(Object.keys(official.definitions).sort());
  });

  it.each(Object.keys(official.definitions))("%s has the same fields, types and merge rules", (name) => {
    const { "x-kubernetes-group-version-kind": _kinds, ...expected } = official.definitions[name] ?? {};
    const ours = definitionDocument(name, registry.get(name), undefined, [], "v2");
    expect(comparable(ours)).toEqual(comparable(expected));
  });

  it("knows the kinds of definitions", () => {
    // These stand for every group that is served, or for none.
    const general = /\.(DeleteOptions|WatchEvent|Status|APIGroup|APIGroupList|APIResourceList|APIVersions)$/;
    for (const [name, definition] of Object.entries(official.definitions)) {
      if (general.test(name)) continue;
      expect(registry.get(name).groupVersionKinds ?? [], name).toEqual(definition["x-kubernetes-group-version-kind"] ?? []);
    }
  });

  it("documents no operation that upstream does not have", () => {
    const document = openApiV2({ kinds: allKinds, registry, version: "v1.36.0" }) as unknown as Specification;
    const known = new Set(Object.keys(official.paths));
    expect(Object.keys(document.paths).filter((path) => !known.has(path))).toEqual([]);
    const identity = (from: Json | undefined): unknown[] =>
      ["operationId", "x-kubernetes-action", "x-kubernetes-group-version-kind", "tags"].map((key) => from?.[key]);
    const operations = (paths: Specification["paths"]): string[] =>
      Object.entries(paths).flatMap(([path, item]) =>
        Object.entries(item)
          .filter(([method]) => method !== "parameters")
          .map(([method, operation]) => JSON.stringify([method, path, identity(operation as Json)])),
      );
    const theirs = new Set(operations(official.paths));
    expect(operations(document.paths).filter((operation) => !theirs.has(operation))).toEqual([]);
  });
});
