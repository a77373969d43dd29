import { Client, InformerFactory } from "@skiff/client";
import { MemoryApi } from "@skiff/client/testing";
import { testHost } from "@skiff/base/testing";
import type { KubeObject, Resource } from "@skiff/api";
import { DEFAULT_SCHEDULER_NAME } from "../scheduler.ts";
import { defaultPlugins } from "../default-plugins.ts";
import { Framework } from "../framework/framework.ts";

/** The default plug-ins over an API in memory that holds `objects`, for decisions without a running scheduler. */
export async function testFramework(objects: readonly (readonly [Resource, KubeObject])[] = []): Promise<Framework> {
  const host = testHost();
  const client = new Client(new MemoryApi(host));
  for (const [resource, object] of objects) {
    const created = await client.resource(resource).create(object);
    const { status } = object as { status?: unknown };
    if (status !== undefined) await client.resource(resource).updateStatus({ ...created, status } as KubeObject);
  }
  const informers = new InformerFactory(client, host);
  const framework = new Framework(DEFAULT_SCHEDULER_NAME, defaultPlugins({ host, client, informers }));
  informers.start();
  await informers.synced();
  await informers.stop();
  return framework;
}
