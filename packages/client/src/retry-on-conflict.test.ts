import { beforeEach, expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import { configMapKind, type ConfigMap } from "@skiff/api";
import { Client } from "./client.ts";
import { updateObject } from "./retry-on-conflict.ts";
import { MemoryApi } from "./testing/memory-api.ts";

const REF = { namespace: "default", name: "counter" };
let client: Client;

beforeEach(async () => {
  client = new Client(new MemoryApi(testHost()));
  await client.resource(configMapKind).create({ metadata: REF, data: { n: "0" } });
});
const incremented = (current: ConfigMap): ConfigMap => ({ ...current, data: { n: String(Number(current.data?.n) + 1) } });
const stored = () => client.resource(configMapKind).get(REF);

it("loses none of many changes at once", async () => {
  await Promise.all([1, 2, 3, 4].map(() => updateObject(client, configMapKind, REF, incremented)));
  expect((await stored()).data).toEqual({ n: "4" });
});

it("writes nothing where nothing changes", async () => {
  const before = await stored();
  await updateObject(client, configMapKind, REF, (current) => current);
  await updateObject(client, configMapKind, REF, () => undefined);
  expect(await stored()).toEqual(before);
});

it("gives up on an object that is never the one read", async () => {
  let tries = 0;
  const outdated = (current: ConfigMap): ConfigMap => {
    tries++;
    return { ...current, metadata: { ...current.metadata, resourceVersion: "1" }, data: { n: "x" } };
  };
  await client.resource(configMapKind).update(incremented(await stored()));
  await expect(updateObject(client, configMapKind, REF, outdated)).rejects.toMatchObject({ status: { reason: "Conflict" } });
  expect(tries).toBe(10);
});
