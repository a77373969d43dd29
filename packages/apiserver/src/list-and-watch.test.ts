import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configMapKind, secretKind, type ConfigMap, type KubeObject, type Resource, type WatchEvent } from "@skiff/api";
import { ListWatchInformer } from "@skiff/client";
import { MemoryStore } from "@skiff/store";
import { startTestApiServer, type TestApiServer } from "./testing.ts";
import { refusal } from "./testing/refusal.ts";

let api: TestApiServer;
beforeEach(async () => {
  api = await startTestApiServer({ historyLimits: { maxEvents: 20 } });
});
afterEach(() => api.stop());

const map = (name: string, labels: Record<string, string> = {}): ConfigMap => ({ metadata: { name, namespace: "default", labels } });
const names = (items: readonly ConfigMap[]): (string | undefined)[] => items.map(({ metadata }) => metadata?.name);
const shown = (events: readonly WatchEvent<ConfigMap>[]): string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata?.name ?? ""}`.trim());

describe("lists", () => {
  it("shows one snapshot over all pages, in the order of the keys", async () => {
    const maps = api.client().resource(configMapKind);
    for (const name of ["c", "a", "e", "b", "d"]) await maps.create(map(name));
    const first = await maps.list({ namespace: "default", limit: 2 });
    expect(names(first.items)).toEqual(["a", "b"]);
    expect(first.metadata?.remainingItemCount).toBe(3);
    await maps.create(map("bb"));
    await maps.delete({ namespace: "default", name: "d" });
    const second = await maps.list({ namespace: "default", limit: 2, continue: first.metadata?.continue });
    const third = await maps.list({ namespace: "default", limit: 2, continue: second.metadata?.continue });
    expect(names([...second.items, ...third.items])).toEqual(["c", "d", "e"]);
    expect(third.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    expect(third.metadata?.continue).toBeUndefined();
    expect((await refusal(maps.list({ limit: 2, continue: first.metadata?.continue }))).code).toBe(400);
  });

  it.each([
    ["of the kind", configMapKind, ["b", "bb", "c"]],
    ["of another kind", secretKind, ["b", "c"]],
  ])("offers to go on with the newest state when the snapshot is forgotten after a change %s", async (_what, changed, rest) => {
    const maps = api.client().resource(configMapKind);
    for (const name of ["a", "b", "c"]) await maps.create(map(name));
    const first = await maps.list({ namespace: "default", limit: 1 });
    await api
      .client()
      .resource(changed as Resource<KubeObject>)
      .create(map("bb"));
    await api.store.compact(await api.store.currentRevision());
    const lost = await refusal(maps.list({ namespace: "default", limit: 1, continue: first.metadata?.continue }));
    expect(lost).toMatchObject({ reason: "Expired", code: 410 });
    const token = (lost as unknown as { metadata: { continue: string } }).metadata.continue;
    expect(names((await maps.list({ namespace: "default", continue: token })).items)).toEqual(rest);
  });

  it("answers only metadata when that is asked for", async () => {
    await api
      .client()
      .resource(configMapKind)
      .create({ ...map("a"), data: { k: "v" } });
    const list = await api.client().resource(configMapKind).list({ namespace: "default", metadataOnly: true });
    expect(list).toMatchObject({ kind: "PartialObjectMetadataList", items: [{ kind: "PartialObjectMetadata", metadata: { name: "a" } }] });
    expect(list.items[0]).not.toHaveProperty("data");
  });

  it("waits for a revision that is to come, and refuses one that does not come", async () => {
    const waiting = api.client().resource(configMapKind).list({ resourceVersion: "1000", resourceVersionMatch: "NotOlderThan" });
    const answer = refusal(waiting);
    await api.clock.advance("4s");
    expect(await answer).toMatchObject({ reason: "Timeout", code: 504 });
  });
});

describe("watches", () => {
  it("begins with the present state and says when that is complete", async () => {
    const maps = api.client().resource(configMapKind);
    await maps.create(map("a"));
    const events: WatchEvent<ConfigMap>[] = [];
    await maps.watch(
      { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: true },
      (batch) => void events.push(...batch),
    );
    await maps.create(map("b"));
    await api.clock.settle();
    expect(shown(events)).toEqual(["ADDED a", "BOOKMARK", "ADDED b"]);
    expect(events[1]?.object.metadata?.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
    await api.clock.advance("61s");
    expect(events.at(-1)).toMatchObject({
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: String(api.server.core.registry.revision) } },
    });
  });

  it("lets objects come and go as the selector picks them", async () => {
    const maps = api.client().resource(configMapKind);
    const events: WatchEvent<ConfigMap>[] = [];
    await maps.watch({ namespace: "default", labelSelector: "on=yes" }, (batch) => void events.push(...batch));
    const at = { namespace: "default", name: "a" };
    await maps.create(map("a", { on: "no" }));
    await maps.patch(at, { metadata: { labels: { on: "yes" } } });
    await maps.patch(at, { data: { k: "v" } });
    const off = await maps.patch(at, { metadata: { labels: { on: "no" } } });
    await maps.delete(at);
    await api.clock.settle();
    expect(shown(events)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
    expect(events[2]?.object.metadata).toMatchObject({ labels: { on: "yes" }, resourceVersion: off.metadata?.resourceVersion });
  });

  it("goes on from a revision of the past, and refuses one that is forgotten", async () => {
    const maps = api.client().resource(configMapKind);
    const { metadata } = await maps.create(map("a"));
    await maps.create(map("b"));
    const events: WatchEvent<ConfigMap>[] = [];
    await maps.watch({ resourceVersion: metadata?.resourceVersion }, (batch) => void events.push(...batch));
    await api.clock.settle();
    expect(shown(events)).toEqual(["ADDED b"]);
    for (let index = 0; index < 30; index++) await maps.create(map(`m${index}`));
    expect(await refusal(maps.watch({ resourceVersion: metadata?.resourceVersion }, () => {}))).toMatchObject({
      reason: "Expired",
      code: 410,
    });
  });

  it("ends when its time is up, when it is closed and when the server stops", async () => {
    const maps = api.client().resource(configMapKind);
    const short = await maps.watch({ timeoutSeconds: 5 }, () => {});
    const long = await maps.watch({}, () => {});
    const events: unknown[] = [];
    const closed = await maps.watch({}, (batch) => void events.push(...batch));
    closed.close();
    await maps.create(map("a"));
    await api.clock.advance("5s");
    await short.ended;
    expect(events).toEqual([]);
    api.server.stop();
    await long.ended;
    expect(api.server.core.watchesByUser.size).toBe(0);
    expect((await refusal(maps.list())).code).toBe(503);
  });

  it("keeps an informer up to date", async () => {
    const maps = api.client().resource(configMapKind);
    await maps.create(map("a"));
    const informer = new ListWatchInformer(maps, {}, api.host);
    informer.start();
    await informer.synced();
    await maps.create(map("b"));
    await api.clock.settle();
    expect(names(informer.list("default")).toSorted((a = "", b = "") => a.localeCompare(b))).toEqual(["a", "b"]);
    expect(informer.get("default/a")).toBe(api.server.reader.get(configMapKind, "default", "a"));
    await informer.stop();
  });
});

it("finds its state again after a restart on the same store", async () => {
  const store = new MemoryStore();
  const first = await startTestApiServer({ store });
  const made = await first
    .client()
    .resource(configMapKind)
    .create({ ...map("a"), data: { k: "v" } });
  first.server.stop();
  const second = await startTestApiServer({ store, namespaces: [] });
  expect(await second.client().resource(configMapKind).get({ namespace: "default", name: "a" })).toEqual(made);
  await second.stop();
});
