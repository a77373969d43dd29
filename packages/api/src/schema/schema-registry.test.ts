import { describe, expect, it } from "vitest";
import { builtInSchemas } from "./built-in-schemas.ts";
import { schemaFromOpenApi } from "./structural-schema.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

describe("SchemaRegistry", () => {
  it("follows references, and lets what stands beside them win", () => {
    const registry = builtInSchemas();
    const volume = registry.get("io.k8s.api.core.v1.PersistentVolumeSpec").properties?.get("claimRef");
    expect(volume).toEqual({ ref: "io.k8s.api.core.v1.ObjectReference", mapType: "granular" });
    const resolved = registry.resolve(volume ?? {});
    expect(resolved.mapType).toBe("granular");
    expect(resolved.properties?.has("uid")).toBe(true);
    expect(registry.resolve(volume ?? {})).toBe(resolved);
    expect(registry.resolve({ ref: `${META}.ObjectMeta` })).toBe(registry.get(`${META}.ObjectMeta`));
    expect(registry.resolve({ ref: "gone" })).toEqual({});
  });

  it("takes schemas at run time and gives them up again, apart from other registries", () => {
    const registry = builtInSchemas();
    registry.add("com.example.v1.A", { type: "object" });
    expect(registry.names()).toContain("com.example.v1.A");
    expect(builtInSchemas().find("com.example.v1.A")).toBeUndefined();
    registry.remove("com.example.v1.A");
    expect(() => registry.get("com.example.v1.A")).toThrow("no schema named com.example.v1.A");
    expect(registry.find("constructor")).toBeUndefined();
  });

  it("keeps fields in order and knows nothing of prototypes", () => {
    const schema = schemaFromOpenApi(
      JSON.parse('{"type":"object","properties":{"z":{"type":"string","pattern":"^a"},"__proto__":{"type":"integer"},"a":null}}'),
    );
    expect([...(schema.properties?.keys() ?? [])]).toEqual(["z", "__proto__", "a"]);
    expect(schema.properties?.get("z")).toEqual({ type: "string", keywords: { pattern: "^a" } });
    expect(schema.properties?.get("constructor")).toBeUndefined();
  });
});
