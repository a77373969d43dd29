import { beforeEach, expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import { configMapKind, eventKind, type ConfigMap } from "@skiff/api";
import { Client } from "./client.ts";
import { EventRecorder } from "./event-recorder.ts";
import { MemoryApi } from "./testing/memory-api.ts";

let host: ReturnType<typeof testHost>;
let api: MemoryApi;
let client: Client;
let recorder: EventRecorder;
let object: ConfigMap;

beforeEach(async () => {
  host = testHost();
  api = new MemoryApi(host);
  client = new Client(api);
  recorder = new EventRecorder(client, host, "test-controller");
  object = await client.resource(configMapKind).create({ metadata: { name: "thing", namespace: "default" } });
});
const events = async () => (await client.resource(eventKind).list()).items;

it("writes what happened to what", async () => {
  recorder.event(configMapKind, object, "Normal", "Done", "It is done");
  await host.clock.settle();
  const [event, ...others] = await events();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    involvedObject: { kind: "ConfigMap", apiVersion: "v1", namespace: "default", name: "thing", uid: object.metadata?.uid },
    reason: "Done",
    message: "It is done",
    type: "Normal",
    count: 1,
    source: { component: "test-controller" },
    reportingComponent: "test-controller",
  });
  expect(event?.metadata.name).toMatch(/^thing\.[0-9a-f]+$/);
});

it("counts what happens again", async () => {
  for (let time = 0; time < 3; time++) {
    recorder.event(configMapKind, object, "Normal", "Done", "It is done");
    await host.clock.advance("10s");
  }
  const [event, ...others] = await events();
  expect(others).toEqual([]);
  expect(event).toMatchObject({ count: 3, firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:00:20Z" });
});

it("joins what is alike, and drops a flood", async () => {
  for (let time = 0; time < 100; time++) recorder.event(configMapKind, object, "Warning", "Failed", `attempt ${time}`);
  await host.clock.settle();
  const stored = await events();
  expect(stored).toHaveLength(10);
  const joined = stored.find(({ message }) => message?.startsWith("(combined from similar events): "));
  // 25 were let through; 9 alone, the rest as one.
  expect(joined?.count).toBe(16);
  await host.clock.advance("5m");
  recorder.event(configMapKind, object, "Warning", "Failed", "later");
  await host.clock.settle();
  expect((await events()).reduce((sum, { count = 0 }) => sum + count, 0)).toBe(26);
});

it("tries again when the server cannot be reached, and gives up when it refuses", async () => {
  let attempts = 0;
  api.intercept = ({ path }) => {
    if (path.includes("/events") && attempts++ < 3) throw new Error("no route to host");
  };
  recorder.event(configMapKind, object, "Normal", "Done", "It is done");
  await host.clock.advance("2m");
  api.intercept = () => {};
  expect(await events()).toHaveLength(1);
  expect((await events())[0]?.count).toBe(1);
});
