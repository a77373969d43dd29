import { beforeEach, describe, expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import { configMapKind, type ConfigMap } from "@skiff/api";
import { Client } from "./client.ts";
import { InformerFactory } from "./informer-factory.ts";
import type { Informer, InformerChange } from "./informer.ts";
import { MemoryApi } from "./testing/memory-api.ts";

let host: ReturnType<typeof testHost>;
let api: MemoryApi;
let client: Client;
let factory: InformerFactory;
let informer: Informer<ConfigMap>;
let seen: string[];

beforeEach(() => {
  host = testHost();
  api = new MemoryApi(host);
  client = new Client(api);
  factory = new InformerFactory(client, host);
  informer = factory.informer(configMapKind);
  seen = [];
  informer.onChange((change) => void seen.push(text(change)));
});

const text = ({ type, key, object, previous }: InformerChange<ConfigMap>): string =>
  `${type} ${key}${previous ? ` ${previous.data?.v} ->` : ""} ${object.data?.v}`;
const put = async (name: string, v: string): Promise<void> => {
  const maps = client.resource(configMapKind);
  await maps
    .patch({ namespace: "default", name }, { data: { v } })
    .catch(() => maps.create({ metadata: { name, namespace: "default" }, data: { v } }));
};
const remove = (name: string) => client.resource(configMapKind).delete({ namespace: "default", name });
const values = () => Object.fromEntries(informer.list().map(({ metadata, data }) => [metadata?.name, data?.v]));
const start = async (): Promise<void> => {
  factory.start();
  await host.clock.settle();
};

describe.each([
  ["a server that streams the initial state", false],
  ["a server that knows lists only", true],
])("with %s", (_name, refusesInitialEvents) => {
  beforeEach(() => void (api.refusesInitialEvents = refusesInitialEvents));

  it("holds what was there and follows what comes", async () => {
    await put("a", "1");
    await start();
    expect(informer.hasSynced).toBe(true);
    await put("a", "2");
    await put("b", "1");
    await remove("a");
    await host.clock.settle();
    expect(seen).toEqual(["added default/a 1", "updated default/a 1 -> 2", "added default/b 1", "deleted default/a 2"]);
    expect(values()).toEqual({ b: "1" });
  });

  it("goes on after a broken connection without losing or repeating anything", async () => {
    await put("a", "1");
    await start();
    api.endWatches(new Error("connection reset"));
    await put("a", "2");
    await put("b", "1");
    await host.clock.advance("5s");
    await put("b", "2");
    await host.clock.settle();
    expect(seen).toEqual(["added default/a 1", "updated default/a 1 -> 2", "added default/b 1", "updated default/b 1 -> 2"]);
  });

  it("compares after a 410 and reports real differences only", async () => {
    for (const name of ["same", "changed", "gone", "replaced"]) await put(name, "1");
    await start();
    seen.length = 0;
    api.endWatches(new Error("connection reset"));
    await put("changed", "2");
    await remove("gone");
    await remove("replaced");
    await put("replaced", "2");
    await put("new", "1");
    api.compact();
    await host.clock.advance("5s");
    expect(seen.sort()).toEqual([
      "added default/new 1",
      "added default/replaced 2",
      "deleted default/gone 1",
      "deleted default/replaced 1",
      "updated default/changed 1 -> 2",
    ]);
    expect(values()).toEqual({ same: "1", changed: "2", replaced: "2", new: "1" });
  });
});

it("keeps its cache while the server cannot be reached, and never takes an error for an empty list", async () => {
  await put("a", "1");
  await start();
  api.intercept = () => {
    throw new Error("no route to host");
  };
  api.compact();
  api.endWatches(new Error("connection reset"));
  await host.clock.advance("10m");
  expect(values()).toEqual({ a: "1" });
  expect(seen).toEqual(["added default/a 1"]);
});

it("waits longer after each failure, up to half a minute or twice that", async () => {
  const attempts: number[] = [];
  api.intercept = () => {
    attempts.push(host.clock.monotonic());
    throw new Error("no route to host");
  };
  await start();
  await host.clock.advance("1h");
  const pauses = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
  expect(pauses[0]).toBeLessThanOrEqual(400);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(60_000);
  expect(attempts.length).toBeLessThan(150);
});

it("learns the newest revision from bookmarks", async () => {
  await start();
  await client.resource(configMapKind).create({ metadata: { name: "a", namespace: "default" } });
  const before = informer.resourceVersion;
  await client.raw({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "elsewhere" } } });
  expect(informer.resourceVersion).toBe(before);
  api.bookmark();
  expect(informer.resourceVersion).toBe(String(api.revision));
});

it("gives a late handler what is there, and nothing after it has left", async () => {
  await put("a", "1");
  await start();
  const late: string[] = [];
  const leave = informer.onChange((change) => void late.push(text(change)));
  await put("a", "2");
  leave();
  await put("a", "3");
  expect(late).toEqual(["added default/a 1", "updated default/a 1 -> 2"]);
});

it("keeps a handler that throws from all others", async () => {
  informer.onChange(() => {
    throw new Error("mistake");
  });
  const after: string[] = [];
  informer.onChange((change) => void after.push(text(change)));
  await start();
  await put("a", "1");
  await put("a", "2");
  expect(after).toEqual(["added default/a 1", "updated default/a 1 -> 2"]);
});

it("answers from indexes that follow changes, whenever they were added", async () => {
  await put("a", "x");
  await put("b", "y");
  await start();
  informer.addIndex("value", ({ data }) => (data?.v ? [data.v] : []));
  const names = (value: string) => informer.byIndex("value", value).map(({ metadata }) => metadata?.name);
  expect(names("x")).toEqual(["a"]);
  await put("b", "x");
  expect(names("x")).toEqual(["a", "b"]);
  expect(names("y")).toEqual([]);
  await remove("a");
  expect(names("x")).toEqual(["b"]);
  expect(() => informer.byIndex("other", "x")).toThrow('no index "other"');
  expect(informer.list("default")).toHaveLength(1);
  expect(informer.list("elsewhere")).toEqual([]);
});

it("shares one informer, and the server's own objects, among all who ask", async () => {
  await put("a", "1");
  expect(factory.informer(configMapKind)).toBe(informer);
  expect(factory.informer(configMapKind, { labelSelector: "x=y" })).not.toBe(informer);
  await start();
  expect(informer.get("default/a")).toBe(await client.resource(configMapKind).get({ namespace: "default", name: "a" }));
});

it("ends when it is told to", async () => {
  await start();
  const stopped = factory.stop();
  await host.clock.settle();
  await stopped;
  await put("a", "1");
  await host.clock.advance("1h");
  expect(seen).toEqual([]);
  expect(host.clock.nextDue()).toBeUndefined();
});
