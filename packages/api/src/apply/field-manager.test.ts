import { deepFreeze } from "@skiff/base";
import { describe, expect, it } from "vitest";
import type { KubeObject, ManagedFieldsEntry } from "../object.ts";
import { builtInSchemas } from "../schema/built-in-schemas.ts";
import type { StatusError } from "../status.ts";
import { applyPatch, trackUpdate, type ApplyRequest } from "./field-manager.ts";
import { fieldPaths, showPath, type FieldSet } from "./field-set.ts";

const registry = builtInSchemas();
const SCHEMAS: Record<string, { schema: string; apiVersion: string }> = {
  Deployment: { schema: "io.k8s.api.apps.v1.Deployment", apiVersion: "apps/v1" },
  Service: { schema: "io.k8s.api.core.v1.Service", apiVersion: "v1" },
  ConfigMap: { schema: "io.k8s.api.core.v1.ConfigMap", apiVersion: "v1" },
  Pod: { schema: "io.k8s.api.core.v1.Pod", apiVersion: "v1" },
};
const T1 = "2026-01-01T00:00:00Z";
const T2 = "2026-01-02T00:00:00Z";

type Body = Record<string, unknown>;

function object(kind: string, body: Body): KubeObject {
  const { metadata, ...rest } = body;
  const all = { apiVersion: SCHEMAS[kind]?.apiVersion, kind, metadata: { name: "x", namespace: "n", ...(metadata as Body) }, ...rest };
  return deepFreeze(all) as KubeObject;
}

function typed(kind: string): Pick<ApplyRequest, "schema" | "registry" | "apiVersion"> {
  const { schema, apiVersion } = SCHEMAS[kind] ?? { schema: "", apiVersion: "" };
  return { schema: registry.get(schema), registry, apiVersion };
}

function apply(live: KubeObject | undefined, manager: string, patch: KubeObject, force = false, time = T1): KubeObject {
  return deepFreeze(applyPatch({ ...typed(patch.kind ?? ""), live, patch, manager, force, time }).object);
}

function update(live: KubeObject | undefined, manager: string, body: Body, time = T1): KubeObject {
  const updated = { ...live, ...body } as KubeObject;
  const kind = updated.kind ?? "";
  const managedFields = trackUpdate({ ...typed(kind), live, updated, manager, time });
  return deepFreeze({ ...updated, metadata: { ...updated.metadata, managedFields } });
}

/** What each manager owns, as paths. */
function owned({ metadata }: KubeObject): Record<string, string[]> {
  const entries = metadata?.managedFields ?? [];
  return Object.fromEntries(
    entries.map((entry) => [
      `${entry.manager} ${entry.operation}`,
      fieldPaths(entry.fieldsV1 as FieldSet)
        .map(showPath)
        .sort(),
    ]),
  );
}

function conflictOf(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    return error as StatusError;
  }
  throw new Error("there was no conflict");
}

const config = (data: Record<string, string>): KubeObject => object("ConfigMap", { data });
const dataOf = (from: KubeObject): unknown => (from as { data?: unknown }).data;

describe("applyPatch", () => {
  it("creates, and owns what it says", () => {
    const created = apply(
      undefined,
      "a",
      object("Service", {
        metadata: { labels: { l: "1" } },
        spec: { selector: { s: "1" }, ports: [{ port: 80 }], externalIPs: ["1.2.3.4"] },
      }),
    );
    expect(owned(created)).toEqual({
      "a Apply": [
        ".metadata.labels.l",
        ".spec.externalIPs",
        '.spec.ports[port=80,protocol="TCP"]',
        '.spec.ports[port=80,protocol="TCP"].port',
        ".spec.selector",
      ],
    });
    expect(created.metadata?.managedFields?.[0]).toMatchObject({ apiVersion: "v1", fieldsType: "FieldsV1", time: T1 });
  });

  it("changes nothing the second time, not even the time", () => {
    const first = apply(undefined, "a", config({ k: "1" }));
    expect(apply(first, "a", config({ k: "1" }), false, T2)).toBe(first);
  });

  it("refuses to change what others own, takes it by force, and shares what is equal", () => {
    const first = apply(undefined, "a", config({ k: "1", l: "1" }));
    const conflict = conflictOf(() => apply(first, "b", config({ k: "2" })));
    expect(conflict.code).toBe(409);
    expect(conflict.message).toBe('Apply failed with 1 conflict: conflict with "a": .data.k');
    expect(conflict.status.details?.causes).toEqual([{ reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".data.k" }]);
    const forced = apply(first, "b", config({ k: "2" }), true);
    expect(dataOf(forced)).toEqual({ k: "2", l: "1" });
    expect(owned(forced)).toEqual({ "a Apply": [".data.l"], "b Apply": [".data.k"] });
    const shared = apply(first, "b", config({ k: "1" }));
    expect(owned(shared)).toEqual({ "a Apply": [".data.k", ".data.l"], "b Apply": [".data.k"] });
  });

  it("names every field and manager of several conflicts", () => {
    const first = apply(undefined, "a", config({ k: "1" }));
    const second = update(first, "kubectl-edit", { data: { k: "1", l: "1", m: "1" } });
    expect(conflictOf(() => apply(second, "b", config({ k: "2", l: "2", m: "2" }))).message).toBe(
      'Apply failed with 3 conflicts: conflicts with "a":\n- .data.k\nconflicts with "kubectl-edit" using v1:\n- .data.l\n- .data.m',
    );
  });

  it("takes away what the manager no longer applies, unless somebody else owns it", () => {
    const first = apply(undefined, "a", config({ k: "1", l: "1", m: "1" }));
    const second = apply(first, "b", config({ l: "1" }));
    const third = apply(second, "a", config({ m: "1" }));
    expect(dataOf(third)).toEqual({ l: "1", m: "1" });
    expect(owned(third)).toEqual({ "a Apply": [".data.m"], "b Apply": [".data.l"] });
    expect(dataOf(apply(third, "a", object("ConfigMap", {})))).toEqual({ l: "1" });
  });

  it("takes away items with what others left unowned, and keeps items of others", () => {
    const container = (name: string, more: Body = {}): Body => ({ name, image: "i", ...more });
    const deployment = (...containers: Body[]): KubeObject => object("Deployment", { spec: { template: { spec: { containers } } } });
    const containersOf = (from: KubeObject): Body[] =>
      (from as unknown as { spec: { template: { spec: { containers: Body[] } } } }).spec.template.spec.containers;
    const first = apply(undefined, "a", deployment(container("x"), container("y")));
    // Defaulting sets fields that nobody owns.
    const defaulted = deepFreeze({
      ...first,
      spec: { template: { spec: { containers: [container("x", { tty: false }), container("y", { tty: false })] } } },
    }) as KubeObject;
    expect(containersOf(apply(defaulted, "a", deployment(container("y"))))).toEqual([container("y", { tty: false })]);
    const shared = apply(defaulted, "b", deployment({ name: "x", args: ["1"] }));
    expect(containersOf(apply(shared, "a", deployment(container("y"))))).toEqual([
      { name: "x", args: ["1"], tty: false },
      container("y", { tty: false }),
    ]);
  });

  it("keeps the applied order of items and puts those of others where they were", () => {
    const ports = (...list: number[]): KubeObject => object("Service", { spec: { ports: list.map((port) => ({ port })) } });
    const portsOf = (from: KubeObject): number[] =>
      (from as unknown as { spec: { ports: { port: number }[] } }).spec.ports.map(({ port }) => port);
    const live = apply(undefined, "a", ports(1, 2, 3));
    expect(portsOf(apply(live, "b", ports(3, 4, 1)))).toEqual([2, 3, 4, 1]);
  });

  it("knows ports by protocol, with TCP as default", () => {
    const live = apply(undefined, "a", object("Service", { spec: { ports: [{ port: 53 }, { port: 53, protocol: "UDP" }] } }));
    const next = apply(live, "b", object("Service", { spec: { ports: [{ port: 53, protocol: "UDP", name: "u" }] } }));
    expect((next as unknown as { spec: { ports: unknown } }).spec.ports).toEqual([{ port: 53 }, { port: 53, protocol: "UDP", name: "u" }]);
  });

  it("treats an atomic map as one value", () => {
    const selector = (value: Body): KubeObject => object("Service", { spec: { selector: value } });
    const live = apply(undefined, "a", selector({ x: "1" }));
    expect(conflictOf(() => apply(live, "b", selector({ y: "1" }))).message).toContain(".spec.selector");
    expect(apply(live, "b", selector({ y: "1" }), true)).toMatchObject({ spec: { selector: { y: "1" } } });
  });

  it("counts fields that nobody tracked as set before the first apply", () => {
    const conflict = conflictOf(() => apply(config({ k: "1" }), "a", config({ k: "2" })));
    expect(conflict.message).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.k');
  });

  it("does not own fields that the request cannot write", () => {
    const patch = object("Pod", { spec: { nodeName: "n" }, status: { phase: "Running" } });
    const { managedFields } = applyPatch({ ...typed("Pod"), patch, manager: "a", force: false, time: T1, resetFields: [["status"]] });
    expect(fieldPaths(managedFields[0]?.fieldsV1 as FieldSet).map(showPath)).toEqual([".spec.nodeName"]);
  });

  it.each<[name: string, patch: KubeObject, code: number, message: string]>([
    ["managed fields in the patch", object("ConfigMap", { metadata: { managedFields: [] } }), 400, "metadata.managedFields must be nil"],
    [
      "a field that there is not",
      object("Service", { spec: { ports: [{ port: 80, colour: "red" }] } }),
      500,
      'failed to create typed patch object (n/x; v1, Kind=Service): .spec.ports[port=80,protocol="TCP"].colour: field not declared in schema',
    ],
    [
      "several fields that there are not",
      object("Pod", { metadata: { author: "me" }, spec: { containers: [], overhead: { any: "1" }, tolerations: [{ colour: "red" }] } }),
      500,
      "failed to create typed patch object (n/x; v1, Kind=Pod): errors:\n  .metadata.author: field not declared in schema\n" +
        "  .spec.tolerations[0].colour: field not declared in schema",
    ],
    [
      "an item that stands twice",
      object("Service", { spec: { ports: [{ port: 80 }, { port: 80 }] } }),
      500,
      'failed to create typed patch object (n/x; v1, Kind=Service): .spec.ports: duplicate entries for key [port=80,protocol="TCP"]',
    ],
  ])("refuses %s", (_name, patch, code, message) => {
    expect(conflictOf(() => apply(undefined, "a", patch))).toMatchObject({ code, message });
  });
});

describe("trackUpdate", () => {
  it("records what an update sets, with the structs and lists that it brings in", () => {
    const created = update(undefined, "a", {
      ...object("Pod", {
        metadata: { labels: { l: "1" }, uid: "u", resourceVersion: "1" },
        spec: { containers: [{ name: "c", env: [{ name: "e", value: "v" }], securityContext: { runAsUser: 1 } }] },
      }),
    });
    const container = '.spec.containers[name="c"]';
    expect(owned(created)).toEqual({
      "a Update": [
        ".metadata.labels",
        ".metadata.labels.l",
        container,
        `${container}.env`,
        `${container}.env[name="e"]`,
        `${container}.env[name="e"].name`,
        `${container}.env[name="e"].value`,
        `${container}.name`,
        `${container}.securityContext`,
        `${container}.securityContext.runAsUser`,
      ].sort(),
    });
  });

  it("moves fields to who changed them, and forgets those that are gone", () => {
    const first = apply(undefined, "a", config({ k: "1", l: "1", m: "1" }));
    const second = update(first, "b", { data: { k: "2", m: "1" } }, T2);
    expect(owned(second)).toEqual({ "a Apply": [".data.m"], "b Update": [".data.k"] });
    expect(second.metadata?.managedFields?.map(({ time }) => time)).toEqual([T1, T2]);
  });

  it("returns the list as it is when nothing about it changes", () => {
    const first = update(undefined, "a", { ...config({ k: "1" }) });
    const entries = first.metadata?.managedFields;
    const again = trackUpdate({ ...typed("ConfigMap"), live: first, updated: { ...first }, manager: "b", time: T2 });
    expect(again).toBe(entries);
    const sameManager = update(first, "a", { data: { k: "2" } }, T2);
    expect(sameManager.metadata?.managedFields).toBe(entries);
  });

  it("keeps managers apart by version and subresource", () => {
    const first = update(undefined, "a", { ...object("Pod", { spec: { nodeName: "n" } }) });
    const managedFields = trackUpdate({
      ...typed("Pod"),
      live: first,
      updated: { ...first, status: { phase: "Running" } } as KubeObject,
      manager: "a",
      subresource: "status",
      time: T2,
    });
    expect(managedFields.map(({ manager, subresource }) => [manager, subresource])).toEqual([
      ["a", undefined],
      ["a", "status"],
    ]);
  });

  const sent = (live: KubeObject, managedFields: ManagedFieldsEntry[] | undefined, subresource?: string): ManagedFieldsEntry[] => {
    const updated = { ...live, metadata: { ...live.metadata, managedFields } };
    return trackUpdate({
      ...typed("ConfigMap"),
      live,
      updated,
      manager: "a",
      time: T2,
      ...(subresource === undefined ? {} : { subresource }),
    });
  };

  it.each<[name: string, managedFields: ManagedFieldsEntry[] | undefined, result: "kept" | "emptied" | "taken"]>([
    ["left out", undefined, "kept"],
    ["empty", [], "kept"],
    ["nonsense", [{ manager: "z", operation: "Update", apiVersion: "v1", fieldsV1: { nonsense: {} } }], "kept"],
    ["an empty entry", [{}], "emptied"],
    [
      "another list",
      [{ manager: "z", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "f:data": {} } }],
      "taken",
    ],
  ])("managed fields that are %s in the request are %s", (_name, managedFields, result) => {
    const live = update(undefined, "a", { ...config({ k: "1" }) });
    const expected = { kept: live.metadata?.managedFields, emptied: [], taken: managedFields }[result];
    expect(sent(live, managedFields)).toEqual(expected);
    expect(sent(live, managedFields, "status")).toEqual(live.metadata?.managedFields);
  });

  it("leaves objects alone that are not tracked", () => {
    expect(update(config({ k: "1" }), "a", { data: { k: "2" } }).metadata?.managedFields).toEqual([]);
  });

  it("merges the oldest managers when there are too many", () => {
    let live = apply(undefined, "applier", config({ own: "1" }));
    for (let index = 0; index < 14; index++) {
      const data = { ...(dataOf(live) as Body), [`k${index}`]: "1" };
      live = update(live, `m${index}`, { data }, `2026-01-02T00:00:${String(index).padStart(2, "0")}Z`);
    }
    const entries = live.metadata?.managedFields ?? [];
    expect(entries.map(({ manager }) => manager)).toEqual([
      "applier",
      "ancient-changes",
      ...Array.from({ length: 9 }, (_, index) => `m${index + 5}`),
    ]);
    expect(owned(live)["ancient-changes Update"]).toEqual([".data.k0", ".data.k1", ".data.k2", ".data.k3", ".data.k4"]);
  });
});
