import { expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import type { ApiRequest } from "@skiff/api";
import { Client, EventRecorder, InformerFactory } from "@skiff/client";
import { MemoryApi } from "@skiff/client/testing";
import { Monitors } from "./monitors.ts";
import { OwnerGraph } from "./owner-graph.ts";

const host = testHost();

/** Takes 100 ms for a discovery, and counts them. */
class SlowApi extends MemoryApi {
  discoveries = 0;
  most = 0;
  #underWay = 0;

  override async request(request: ApiRequest): ReturnType<MemoryApi["request"]> {
    if (request.path !== "/apis") return super.request(request);
    this.discoveries++;
    this.most = Math.max(this.most, ++this.#underWay);
    await new Promise<void>((resolve) => host.clock.setTimeout(resolve, 100));
    this.#underWay--;
    return super.request(request);
  }
}

it("discovers once at a time, and once for all who ask meanwhile", async () => {
  const api = new SlowApi(host);
  const client = new Client(api);
  const context = { client, host, informers: new InformerFactory(client, host), events: new EventRecorder(client, host, "test") };
  const monitors = new Monitors(context, new OwnerGraph(), () => {});
  const first = monitors.findFresh("", "Pod");
  await host.clock.settle();
  const others = Promise.all(["Pod", "Secret", "Unheard"].map((kind) => monitors.findFresh("", kind)));
  await host.clock.advance("1s");
  expect((await first)?.plural).toBe("pods");
  expect((await others).map((resource) => resource?.plural)).toEqual(["pods", "secrets", undefined]);
  expect(api).toMatchObject({ most: 1, discoveries: 2 });
});
