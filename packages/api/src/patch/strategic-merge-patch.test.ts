import { deepFreeze } from "@skiff/base";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../json-value.ts";
import { builtInSchemas } from "../schema/built-in-schemas.ts";
import { StatusError } from "../status.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";
import { createThreeWayPatch } from "./three-way-patch.ts";

const registry = builtInSchemas();
const pod = registry.get("io.k8s.api.core.v1.Pod");
const deployment = registry.get("io.k8s.api.apps.v1.Deployment");
const service = registry.get("io.k8s.api.core.v1.Service");

const podSpec = (spec: JsonObject): JsonObject => ({ spec });
const containers = (...items: JsonObject[]): JsonObject => podSpec({ containers: items });
const finalizers = (...names: string[]): JsonObject => ({ metadata: { finalizers: names } });
const names = (...items: string[]): JsonObject[] => items.map((name) => ({ name }));

describe("applyStrategicMergePatch", () => {
  it.each<[name: string, document: JsonObject, patch: JsonObject, result: JsonObject]>([
    [
      "merges items by their key and puts new ones behind those that stand before them in the patch",
      containers({ name: "a", image: "1", args: ["x"] }, { name: "b", image: "1" }),
      containers({ name: "b", image: "2" }, { name: "c", image: "3" }),
      containers({ name: "a", image: "1", args: ["x"] }, { name: "b", image: "2" }, { name: "c", image: "3" }),
    ],
    [
      "replaces lists without a key",
      containers({ name: "a", args: ["x", "y"] }),
      containers({ name: "a", args: ["z"] }),
      containers({ name: "a", args: ["z"] }),
    ],
    ["deletes an item", containers({ name: "a" }, { name: "b" }), containers({ $patch: "delete", name: "a" }), containers({ name: "b" })],
    [
      "ignores the deletion of what is not there",
      containers({ name: "b" }),
      containers({ $patch: "delete", name: "a" }),
      containers({ name: "b" }),
    ],
    [
      "replaces a whole list",
      containers({ name: "a", image: "1" }, { name: "b" }),
      containers({ $patch: "replace" }, { name: "a" }),
      containers({ name: "a" }),
    ],
    [
      "replaces an object",
      { metadata: { labels: { a: "1" } } },
      { metadata: { labels: { $patch: "replace", b: "2" } } },
      { metadata: { labels: { b: "2" } } },
    ],
    [
      "empties an object",
      { metadata: { labels: { a: "1" } } },
      { metadata: { labels: { $patch: "delete" } } },
      { metadata: { labels: {} } },
    ],
    [
      "deletes by null",
      { metadata: { labels: { a: "1", b: "2" } } },
      { metadata: { labels: { a: null } } },
      { metadata: { labels: { b: "2" } } },
    ],
    [
      "puts new items first, and items in the order of the patch, where no other order is wanted",
      containers({ name: "a" }, { name: "b" }, { name: "c" }),
      containers({ name: "new", image: "i" }, { name: "c" }, { name: "b" }),
      containers({ name: "new", image: "i" }, { name: "a" }, { name: "c" }, { name: "b" }),
    ],
    ["adds scalars to a set, new ones first", finalizers("a"), finalizers("c"), finalizers("c", "a")],
    ["adds scalars to a set", finalizers("a", "b"), finalizers("b", "c"), finalizers("a", "b", "c")],
    [
      "takes scalars out of a set",
      finalizers("a", "b", "c"),
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["a", "x"] } },
      finalizers("b", "c"),
    ],
    [
      "orders a list, with items of others where they were",
      podSpec({ containers: names("a", "sidecar", "b") }),
      podSpec({ "$setElementOrder/containers": names("b", "c", "a"), containers: [{ name: "c", image: "i" }] }),
      podSpec({ containers: [...names("sidecar", "b"), { name: "c", image: "i" }, ...names("a")] }),
    ],
    [
      "orders a list without other changes",
      podSpec({ containers: names("a", "b") }),
      podSpec({ "$setElementOrder/containers": names("b", "a") }),
      podSpec({ containers: names("b", "a") }),
    ],
    [
      "orders scalars",
      finalizers("a", "x", "b"),
      { metadata: { "$setElementOrder/finalizers": ["b", "a"], finalizers: ["b"] } },
      finalizers("x", "b", "a"),
    ],
    [
      "retains keys",
      podSpec({ volumes: [{ name: "v", emptyDir: {} }] }),
      podSpec({ volumes: [{ $retainKeys: ["name", "configMap"], name: "v", configMap: { name: "c" } }] }),
      podSpec({ volumes: [{ name: "v", configMap: { name: "c" } }] }),
    ],
    [
      "strips directives from what is new",
      {},
      podSpec({
        "$setElementOrder/containers": names("a"),
        containers: [{ $patch: "merge", name: "a", $retainKeys: ["name"], image: null }],
      }),
      podSpec({ containers: names("a") }),
    ],
    ["adds to what is not there", {}, finalizers("a"), finalizers("a")],
    [
      "keeps fields of prototypes as data",
      {},
      JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as JsonObject,
      JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as JsonObject,
    ],
  ])("%s", (_name, document, patch, result) => {
    expect(applyStrategicMergePatch(deepFreeze(document), deepFreeze(patch), pod, registry)).toEqual(result);
  });

  it("retains the keys of a struct", () => {
    const live = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } };
    expect(applyStrategicMergePatch(live, patch, deployment, registry)).toEqual({ spec: { strategy: { type: "Recreate" } } });
  });

  it.each<[name: string, patch: JsonValue, code: number]>([
    ["what is no object", [], 400],
    ["an unknown directive", { metadata: { $patch: "explode" } }, 422],
    ["an unknown directive in a list", containers({ $patch: "explode", name: "a" }), 422],
    ["an item without its key", containers({ image: "x" }), 400],
    ["an item that is no object", podSpec({ containers: ["a"] }), 400],
    ["an order that misses an item", podSpec({ "$setElementOrder/containers": names("b"), containers: names("a") }), 400],
    ["an order that contradicts the list", podSpec({ "$setElementOrder/containers": names("a", "b"), containers: names("b", "a") }), 400],
    ["an order that is no list", podSpec({ "$setElementOrder/containers": { a: 1 } }), 400],
    ["objects in a list of scalars", { metadata: { finalizers: [{}] } }, 400],
    ["keys that are not retained", podSpec({ $retainKeys: ["a"], b: 1 }), 400],
    ["retained keys that are no list", podSpec({ $retainKeys: "a" }), 400],
  ])("refuses %s", (_name, patch, code) => {
    const live = { ...containers({ name: "a" }), ...finalizers("a") };
    expect(() => applyStrategicMergePatch(live, patch, pod, registry)).toThrow(StatusError);
    expect(() => applyStrategicMergePatch(live, patch, pod, registry)).toThrow(expect.objectContaining({ code }));
  });

  it("takes linear time for long lists", () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({ name: `e${index}`, value: "x" }));
    const document = containers({ name: "a", env: many });
    const patch = containers({ name: "a", env: many.map(({ name }) => ({ name, value: "y" })), "$setElementOrder/env": many });
    const result = applyStrategicMergePatch(document, patch, pod, registry) as { spec: { containers: { env: { value: string }[] }[] } };
    expect(result.spec.containers[0]?.env.every(({ value }) => value === "y")).toBe(true);
  });
});

describe("createThreeWayPatch", () => {
  it.each<[name: string, original: JsonObject, modified: JsonObject, current: JsonObject, patch: JsonObject]>([
    ["nothing", containers({ name: "a" }), containers({ name: "a" }), containers({ name: "a", image: "defaulted" }), {}],
    [
      "a changed item",
      containers({ name: "a", image: "1" }),
      containers({ name: "a", image: "2" }),
      containers({ name: "a", image: "1", imagePullPolicy: "Always" }, { name: "injected" }),
      podSpec({ "$setElementOrder/containers": names("a"), containers: [{ name: "a", image: "2" }] }),
    ],
    [
      "an item that is gone from the manifest",
      containers({ name: "a" }, { name: "b" }),
      containers({ name: "a" }),
      containers({ name: "a" }, { name: "b" }),
      podSpec({ "$setElementOrder/containers": names("a"), containers: [{ $patch: "delete", name: "b" }] }),
    ],
    [
      "a field that is gone from an item",
      containers({ name: "a", args: ["x"] }),
      containers({ name: "a" }),
      containers({ name: "a", args: ["x"] }),
      podSpec({ "$setElementOrder/containers": names("a"), containers: [{ name: "a", args: null }] }),
    ],
    [
      "scalars",
      finalizers("a", "b"),
      finalizers("b", "c"),
      finalizers("a", "b", "own"),
      { metadata: { finalizers: ["c"], "$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b", "c"] } },
    ],
    [
      "another kind of volume",
      podSpec({ volumes: [{ name: "v", emptyDir: {} }] }),
      podSpec({ volumes: [{ name: "v", hostPath: { path: "/" } }] }),
      podSpec({ volumes: [{ name: "v", emptyDir: {} }] }),
      podSpec({
        "$setElementOrder/volumes": names("v"),
        volumes: [{ $retainKeys: ["hostPath", "name"], name: "v", emptyDir: null, hostPath: { path: "/" } }],
      }),
    ],
  ])("makes the patch for %s, which brings about what is wanted", (_name, original, modified, current, patch) => {
    const made = createThreeWayPatch({ original, modified, current, schema: pod, registry });
    expect(made).toEqual(patch);
    const result = applyStrategicMergePatch(current, made, pod, registry) as JsonObject;
    // Applying again finds nothing left to do.
    expect(createThreeWayPatch({ original: modified, modified, current: result, schema: pod, registry })).toEqual({});
  });

  it("replaces a list whose items share their merge key", () => {
    const ports = (target: number): JsonObject => ({
      spec: {
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP", targetPort: target },
        ],
      },
    });
    const patch = createThreeWayPatch({ original: ports(1), modified: ports(2), current: ports(1), schema: service, registry });
    expect(applyStrategicMergePatch(ports(1), patch, service, registry)).toEqual(ports(2));
  });
});
