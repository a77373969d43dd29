import { array, assert, boolean, constant, constantFrom, integer, oneof, property, record, tuple, type Arbitrary } from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../json-value.ts";
import type { KindDefinition, KindVersion } from "../kind.ts";
import { allKinds } from "../kinds/all-kinds.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf } from "../resource.ts";
import { readObject } from "../decode/decode-object.ts";
import { builtInSchemas } from "../schema/built-in-schemas.ts";
import type { Schema } from "../schema/schema.ts";

const registry = builtInSchemas();
const rows = allKinds.flatMap((kind) =>
  (kind.removedVersions ?? []).map((version) => ({
    name: `${apiVersionOf({ group: kind.group, ...version })} ${kind.kind}`,
    kind,
    version,
  })),
);

function rowOf(name: string): { readonly kind: KindDefinition; readonly version: KindVersion } {
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no ${name}`);
  return row;
}

/** A request in that version, as the server stores it. */
function stored(name: string, object: object): KubeObject {
  const { kind, version } = rowOf(name);
  const sent = structuredClone(object) as KubeObject;
  version.applyDefaults?.(sent);
  const converted = version.toStored(sent);
  kind.applyDefaults?.(converted);
  return converted;
}

/** Values that fit a schema, without empty ones and with some optional fields left out; below `depth` all of them are. */
function valueOf(schema: Schema, depth: number): Arbitrary<JsonValue> {
  const { type, properties, items, additionalProperties, enum: choices, format, required = [] } = registry.resolve(schema);
  if (choices !== undefined) return constantFrom(...(choices as JsonValue[]));
  if (format === "int-or-string") return oneof(integer({ min: 1, max: 65_535 }), constantFrom("http", "25%"));
  if (format === "quantity") return constantFrom("100m", "1Gi");
  if (format === "date-time") return constant("2026-01-02T03:04:05Z");
  if (format === "micro-time") return constant("2026-01-02T03:04:05.000006Z");
  if (format === "byte") return constant("aGk=");
  if (type === "boolean") return boolean();
  if (type === "integer" || type === "number") return integer({ min: 1, max: 1000 });
  if (type === "array") return array(valueOf(items ?? {}, depth - 1), { minLength: 1, maxLength: 2 });
  if (type === "object" && properties !== undefined && properties.size > 0) {
    const fields = [...properties].filter(([name]) => depth > 0 || required.includes(name));
    const arbitraries = Object.fromEntries(fields.map(([name, field]) => [name, valueOf(field, depth - 1)]));
    return record(arbitraries, { requiredKeys: required.filter((name) => name in arbitraries) });
  }
  if (type === "object") return valueOf(additionalProperties ?? { type: "string" }, depth - 1).map((value) => ({ a: value }));
  return constantFrom("x", "y");
}

function objectOf(kind: KindDefinition): Arbitrary<KubeObject> {
  const metadata = record(
    {
      name: constant("n"),
      labels: constant({ a: "b" }),
      annotations: constant({ "deprecated.daemonset.template.generation": "3" }),
    },
    { requiredKeys: ["name"] },
  );
  return tuple(valueOf(registry.get(kind.schema), 6), metadata).map(([value, meta]) => ({
    ...(value as object),
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: meta,
  }));
}

describe.each(rows)("$name", ({ kind, version }) => {
  const expected = { group: version.group ?? kind.group, version: version.version, kind: kind.kind };

  it("loses nothing on the way out and back in, and has a schema for all of it", () => {
    assert(
      property(objectOf(kind), (object) => {
        const before = normal(kind, object);
        const shown = version.fromStored(structuredClone(before));
        expect(shown.apiVersion).toBe(apiVersionOf(expected));
        const read = readObject(
          { value: structuredClone(shown) as unknown as JsonValue, duplicates: [], decimals: new Map() },
          { expected, schema: version.schema, registry },
          "Strict",
        );
        expect(read.object).toEqual(shown);
        expect(version.toStored(structuredClone(shown))).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it("says what takes its place", () => {
    expect(version.deprecation).toMatch(
      /^[a-z0-9./]+ [A-Za-z]+ is deprecated in v1\.\d+\+, unavailable in v1\.\d+\+; use [a-z0-9./]+ [A-Za-z]+$/,
    );
  });
});

/** What the stored version can hold: backends of Ingresses name a port in one way, and RBAC's subjects name a known group. */
function normal(kind: KindDefinition, object: KubeObject): KubeObject {
  if (kind.kind !== "Ingress" && !kind.kind.endsWith("RoleBinding")) return object;
  const text = JSON.stringify(object, (key, value: unknown) => {
    if (key === "port" && typeof value === "object" && value !== null && "number" in value) return { number: value.number };
    return key === "service"
      ? { name: "s", port: { number: 80 }, ...(value as object) }
      : key === "apiGroup"
        ? "rbac.authorization.k8s.io"
        : value;
  });
  const plain = JSON.parse(text, (key, value: unknown) =>
    key === "port" && typeof value === "object" && Object.keys(value ?? {}).length === 0 ? { number: 80 } : value,
  ) as KubeObject & { subjects?: { apiGroup?: string }[] };
  for (const subject of plain.subjects ?? []) if (subject.apiGroup === undefined) delete subject.apiGroup;
  return plain;
}

describe("old workloads", () => {
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx" }] } };

  it("warn in upstream's words", () => {
    expect(rowOf("extensions/v1beta1 Deployment").version.deprecation).toBe(
      "extensions/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment",
    );
    expect(rowOf("extensions/v1beta1 Ingress").version.deprecation).toBe(
      "extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress",
    );
    expect(rowOf("autoscaling/v2beta2 HorizontalPodAutoscaler").version.deprecation).toBe(
      "autoscaling/v2beta2 HorizontalPodAutoscaler is deprecated in v1.23+, unavailable in v1.26+; use autoscaling/v2 HorizontalPodAutoscaler",
    );
  });

  it.each([
    ["extensions/v1beta1", 2_147_483_647, 2_147_483_647, 1, true],
    ["apps/v1beta1", 2, 600, "25%", true],
    ["apps/v1beta2", 10, 600, "25%", false],
  ])("get the defaults of %s Deployments", (apiVersion, history, deadline, surge, selects) => {
    const deployment = stored(`${apiVersion} Deployment`, { metadata: { name: "web" }, spec: { template } });
    expect(deployment).toMatchObject({
      apiVersion: "apps/v1",
      spec: {
        revisionHistoryLimit: history,
        progressDeadlineSeconds: deadline,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: surge, maxUnavailable: surge } },
      },
    });
    expect((deployment as { spec: { selector?: object } }).spec.selector).toEqual(selects ? { matchLabels: { app: "web" } } : undefined);
    expect(deployment.metadata?.labels).toEqual(selects ? { app: "web" } : undefined);
  });

  it("keep what they say themselves", () => {
    const selector = { matchLabels: { app: "web", tier: "front" } };
    const deployment = stored("extensions/v1beta1 Deployment", {
      metadata: { name: "web", labels: { mine: "yes" } },
      spec: { template, selector, strategy: { type: "Recreate" }, progressDeadlineSeconds: 5 },
    });
    expect(deployment).toMatchObject({ metadata: { labels: { mine: "yes" } }, spec: { selector, progressDeadlineSeconds: 5 } });
    expect((deployment as { spec: { strategy: object } }).spec.strategy).toEqual({ type: "Recreate" });
  });

  it("are updated by deletion only, before v1beta2", () => {
    for (const [name, type] of [
      ["extensions/v1beta1 DaemonSet", "OnDelete"],
      ["apps/v1beta2 DaemonSet", "RollingUpdate"],
      ["apps/v1beta1 StatefulSet", "OnDelete"],
      ["apps/v1beta2 StatefulSet", "RollingUpdate"],
    ] as const) {
      expect(stored(name, { metadata: { name: "x" }, spec: { template } }), name).toMatchObject({ spec: { updateStrategy: { type } } });
    }
    expect(stored("apps/v1beta1 StatefulSet", { spec: { template } })).toMatchObject({ spec: { podManagementPolicy: "OrderedReady" } });
  });

  it("count generations of a DaemonSet's template where apps/v1 has no field for it", () => {
    const daemonSet = stored("extensions/v1beta1 DaemonSet", { metadata: { name: "x" }, spec: { template, templateGeneration: 4 } });
    expect(daemonSet.metadata?.annotations).toEqual({ "deprecated.daemonset.template.generation": "4" });
    expect(JSON.stringify(daemonSet)).not.toContain("templateGeneration");
  });
});

describe("other old kinds", () => {
  it("Ingresses name Service and port side by side", () => {
    const ingress = stored("extensions/v1beta1 Ingress", {
      metadata: { name: "web" },
      spec: {
        backend: { serviceName: "fallback", servicePort: "http" },
        rules: [{ host: "a.example", http: { paths: [{ backend: { serviceName: "web", servicePort: 8080 } }] } }, { host: "b.example" }],
      },
    });
    expect(ingress).toMatchObject({
      apiVersion: "networking.k8s.io/v1",
      spec: {
        defaultBackend: { service: { name: "fallback", port: { name: "http" } } },
        rules: [
          {
            host: "a.example",
            http: { paths: [{ pathType: "ImplementationSpecific", backend: { service: { name: "web", port: { number: 8080 } } } }] },
          },
          { host: "b.example" },
        ],
      },
    });
    const path = rowOf("extensions/v1beta1 Ingress").version.fieldPath;
    expect(path?.("spec.rules[0].http.paths[1].backend.service.port.number")).toBe("spec.rules[0].http.paths[1].backend.servicePort");
    expect(path?.("spec.defaultBackend.service.name")).toBe("spec.backend.serviceName");
  });

  it("an empty selector of a PodDisruptionBudget selected nothing", () => {
    const name = "policy/v1beta1 PodDisruptionBudget";
    const budget = stored(name, { metadata: { name: "b" }, spec: { minAvailable: 1, selector: {} } });
    const key = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";
    expect(budget).toMatchObject({ spec: { selector: { matchExpressions: [{ key, operator: "Exists" }] } } });
    expect(rowOf(name).version.fromStored({ spec: { selector: {} } } as KubeObject)).toMatchObject({
      spec: { selector: { matchExpressions: [{ key, operator: "DoesNotExist" }] } },
    });
  });

  it("certificate requests had a signer for all", () => {
    expect(stored("certificates.k8s.io/v1beta1 CertificateSigningRequest", { spec: { request: "" } })).toMatchObject({
      spec: { signerName: "kubernetes.io/legacy-unknown", usages: ["digital signature", "key encipherment"] },
    });
  });

  it("the first RBAC named subjects by version", () => {
    const binding = stored("rbac.authorization.k8s.io/v1alpha1 ClusterRoleBinding", {
      roleRef: { kind: "ClusterRole", name: "view" },
      subjects: [
        { kind: "User", name: "*" },
        { kind: "ServiceAccount", name: "default", namespace: "a" },
      ],
    });
    expect((binding as { subjects?: unknown }).subjects).toEqual([
      { kind: "Group", name: "system:authenticated", apiGroup: "rbac.authorization.k8s.io" },
      { kind: "ServiceAccount", name: "default", namespace: "a" },
    ]);
  });
});
