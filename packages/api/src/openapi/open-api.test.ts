import { describe, expect, it } from "vitest";
import { allKinds } from "../kinds/all-kinds.ts";
import { defineKind } from "../kind.ts";
import { builtInSchemas } from "../schema/built-in-schemas.ts";
import { loadDescriptions } from "../schema/descriptions.ts";
import { schemaFromOpenApi } from "../schema/structural-schema.ts";
import type { OpenApiInput } from "./open-api.ts";
import { openApiV2 } from "./open-api-v2.ts";
import { openApiV3, openApiV3Index } from "./open-api-v3.ts";

const widgetKind = defineKind({
  group: "stable.example.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  namespaced: true,
  schema: "com.example.stable.v1.Widget",
  statusSubresource: true,
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas" },
  verbs: ["get", "list", "watch", "create", "patch"],
  strategicMergePatch: false,
});

function inputWithWidget(): OpenApiInput {
  const registry = builtInSchemas();
  registry.add(
    widgetKind.schema,
    schemaFromOpenApi({
      type: "object",
      description: "A widget.",
      properties: {
        spec: {
          type: "object",
          properties: { replicas: { type: "integer", minimum: 0, default: 1 }, size: { "x-kubernetes-int-or-string": true } },
        },
      },
    }),
  );
  return { kinds: [...allKinds, widgetKind], registry, version: "v1.36.0" };
}

type Json = Record<string, Record<string, unknown>>;
const WIDGETS = "/apis/stable.example.com/v1/namespaces/{namespace}/widgets";

describe("documents", () => {
  it("offer strategic merge patches only where they are taken, for kubectl sends what is offered", () => {
    const offers = (group: string, version: string, path: string): string[] => {
      const paths = (openApiV3(inputWithWidget(), group, version)?.["paths"] ?? {}) as Json;
      const patch = paths[path]?.["patch"] as { requestBody: { content: object } } | undefined;
      return Object.keys(patch?.requestBody.content ?? {}).filter((type) => type.includes("strategic"));
    };
    expect(offers("apps", "v1", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}")).toHaveLength(1);
    expect(offers("stable.example.com", "v1", `${WIDGETS}/{name}`)).toEqual([]);
  });

  it("have a throw-away kind without further edits", () => {
    const document = openApiV2(inputWithWidget());
    const paths = document["paths"] as Json;
    const methods = Object.entries(paths)
      .filter(([path]) => path.includes("stable.example.com"))
      .map(([path, item]) => [path, Object.keys(item).filter((method) => method !== "parameters")]);
    expect(Object.fromEntries(methods)).toEqual({
      "/apis/stable.example.com/v1/": ["get"],
      "/apis/stable.example.com/v1/widgets": ["get"],
      [WIDGETS]: ["get", "post"],
      [`${WIDGETS}/{name}`]: ["get", "patch"],
      [`${WIDGETS}/{name}/status`]: ["get", "put", "patch"],
      [`${WIDGETS}/{name}/scale`]: ["get", "put", "patch"],
    });
    expect(paths[`${WIDGETS}/{name}`]?.["patch"]).toMatchObject({
      operationId: "patchStableExampleComV1NamespacedWidget",
      "x-kubernetes-action": "patch",
      "x-kubernetes-group-version-kind": { group: "stable.example.com", version: "v1", kind: "Widget" },
      parameters: expect.arrayContaining([expect.objectContaining({ name: "dryRun", in: "query" })]),
    });
    const definitions = document["definitions"] as Json;
    expect(definitions["com.example.stable.v1.Widget"]).toMatchObject({
      description: "A widget.",
      properties: {
        spec: { properties: { replicas: { type: "integer", minimum: 0 }, size: { "x-kubernetes-int-or-string": true } } },
      },
      "x-kubernetes-group-version-kind": [{ group: "stable.example.com", version: "v1", kind: "Widget" }],
    });
    expect(definitions["com.example.stable.v1.WidgetList"]).toMatchObject({
      properties: { items: { items: { $ref: "#/definitions/com.example.stable.v1.Widget" } } },
      "x-kubernetes-group-version-kind": [{ group: "stable.example.com", version: "v1", kind: "WidgetList" }],
    });
    expect(definitions["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]?.["x-kubernetes-group-version-kind"]).toContainEqual({
      group: "stable.example.com",
      version: "v1",
      kind: "DeleteOptions",
    });
  });

  it("of the third version stand alone for each group version, with a hash that follows the schema", () => {
    const input = inputWithWidget();
    const index = (): ReturnType<typeof openApiV3Index>["paths"] =>
      Object.assign({}, ...["", "apps", "stable.example.com"].map((group) => openApiV3Index(input, group).paths));
    const before = index();
    expect(before["api/v1"]?.serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/);
    const schema = input.registry.get(widgetKind.schema);
    input.registry.add(widgetKind.schema, { ...schema, properties: new Map() });
    const after = index();
    const changed = Object.keys(before).filter((path) => before[path]?.serverRelativeURL !== after[path]?.serverRelativeURL);
    expect(changed).toEqual(["apis/stable.example.com/v1"]);
    expect(openApiV3(input, "nobody.example.com", "v1")).toBeUndefined();
  });

  it.each(["v2", "v3"] as const)("of version %s refer only to what they have", (version) => {
    const input = inputWithWidget();
    const served = new Map(input.kinds.map((kind) => [`${kind.group}/${kind.version}`, kind]));
    const documents =
      version === "v2" ? [openApiV2(input)] : Array.from(served.values(), (kind) => openApiV3(input, kind.group, kind.version));
    for (const document of documents) {
      const text = JSON.stringify(document);
      const names = new Set(Array.from(text.matchAll(/"\$ref":"#\/([^"]+)"/g), (match) => match[1] ?? ""));
      expect(names.size).toBeGreaterThan(0);
      for (const name of names) {
        const target = name.split("/").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
        expect(target, name).toBeDefined();
      }
    }
  });

  it("of custom kinds have what their second version can say, and describe what all kinds have", async () => {
    const input = inputWithWidget();
    const spec = {
      type: "object",
      required: ["maybe", "mode"],
      properties: {
        mode: { type: "string", enum: ["on", "off"], default: "on", anyOf: [{ minLength: 1 }] },
        maybe: { type: "object", nullable: true, properties: { a: { type: "string" } } },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { a: { type: "string" } } },
        part: { type: "object", "x-kubernetes-embedded-resource": true },
      },
    };
    const published = (root: object): Record<string, unknown> | undefined => {
      const schema = schemaFromOpenApi({
        type: "object",
        description: "A widget.",
        properties: { kind: { type: "string" }, metadata: { type: "object" }, spec },
        ...root,
      });
      input.registry.add(widgetKind.schema, { ...schema, custom: true });
      return (openApiV2(input)["definitions"] as Json)[widgetKind.schema];
    };
    expect(published({})?.["properties"]).toMatchObject({
      spec: {
        type: "object",
        required: ["mode"],
        properties: {
          mode: { type: "string", enum: ["on", "off"], default: "on" },
          maybe: {},
          open: { "x-kubernetes-preserve-unknown-fields": true },
          part: {
            type: "object",
            "x-kubernetes-embedded-resource": true,
            properties: { metadata: { $ref: "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" } },
            required: ["kind", "apiVersion"],
          },
        },
      },
    });
    const group = { group: "stable.example.com", kind: "Widget", version: "v1" };
    expect(published({ "x-kubernetes-preserve-unknown-fields": true })).toEqual({
      type: "object",
      "x-kubernetes-group-version-kind": [group],
    });
    published({});
    const v3 = openApiV3({ ...input, descriptions: await loadDescriptions() }, "stable.example.com", "v1") ?? {};
    const schemas = (v3["components"] as { schemas: Json }).schemas;
    expect(schemas[widgetKind.schema]).toMatchObject({
      description: "A widget.",
      properties: {
        kind: { description: expect.stringContaining("Kind is a string value") },
        metadata: { description: expect.stringContaining("Standard object's metadata") },
      },
    });
  });

  it("of the third version have defaults, enumerations and text, and nothing beside a reference", async () => {
    const document = openApiV3({ ...inputWithWidget(), descriptions: await loadDescriptions() }, "", "v1") ?? {};
    const schemas = (document["components"] as { schemas: Record<string, { properties: Json }> }).schemas;
    expect(schemas["io.k8s.api.core.v1.ContainerPort"]?.properties["protocol"]).toMatchObject({
      default: "TCP",
      enum: ["SCTP", "TCP", "UDP"],
      description: expect.stringContaining("Protocol for port"),
    });
    expect(schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]).toMatchObject({
      format: "int-or-string",
      oneOf: [{ type: "integer" }, { type: "string" }],
    });
    const siblings = JSON.stringify(document).match(/\{"\$ref":"[^"]*",/g);
    expect(siblings).toBeNull();
    for (const { properties } of Object.values(schemas)) {
      for (const field of Object.values(properties ?? {})) {
        if (field["$ref"] !== undefined) expect(Object.keys(field)).toEqual(["$ref"]);
      }
    }
  });
});
