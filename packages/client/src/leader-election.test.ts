import { beforeEach, describe, expect, it } from "vitest";
import { sleep } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { leaseKind, type ApiRequest } from "@skiff/api";
import { Client } from "./client.ts";
import { runAsLeader } from "./leader-election.ts";
import { MemoryApi } from "./testing/memory-api.ts";

let host: ReturnType<typeof testHost>;
let api: MemoryApi;
let leading: string[];
/** Who cannot reach the server. */
let cutOff: string | undefined;

beforeEach(() => {
  host = testHost();
  api = new MemoryApi(host);
  leading = [];
  cutOff = undefined;
});

function compete(identity: string) {
  const end = new AbortController();
  const transport = {
    request: (request: ApiRequest) => (cutOff === identity ? Promise.reject(new Error("no route to host")) : api.request(request)),
    watch: api.watch.bind(api),
    stream: api.stream.bind(api),
  };
  const options = { client: new Client(transport), host, namespace: "kube-system", name: "lock", identity, signal: end.signal };
  const done = runAsLeader(options, async (signal) => {
    leading.push(identity);
    await sleep(host.clock, 1e9, signal).catch(() => {});
    leading.splice(leading.indexOf(identity), 1);
  });
  return { end: () => end.abort(new Error("enough")), done };
}

/** Time passes in small steps; never may two lead. */
async function pass(seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 4; step++) {
    await host.clock.advance(250);
    expect(leading.length).toBeLessThanOrEqual(1);
  }
}
const lease = async () => (await new Client(api).resource(leaseKind).get({ namespace: "kube-system", name: "lock" })).spec;

describe("leader election", () => {
  it("lets the first lead for as long as it renews", async () => {
    compete("a");
    await pass(1);
    compete("b");
    await pass(120);
    expect(leading).toEqual(["a"]);
    expect(await lease()).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
  });

  it("passes at once from a leader that ends to the next", async () => {
    const first = compete("a");
    await pass(1);
    compete("b");
    await pass(1);
    first.end();
    await pass(4);
    await first.done;
    expect(leading).toEqual(["b"]);
    expect((await lease())?.leaseTransitions).toBe(1);
  });

  it("makes a leader that is cut off step down before another one takes over", async () => {
    compete("a");
    await pass(1);
    compete("b");
    await pass(3);
    cutOff = "a";
    await pass(8);
    expect(leading).toEqual(["a"]);
    await pass(5);
    expect(leading).toEqual([]);
    await pass(10);
    expect(leading).toEqual(["b"]);
  });

  it("ends a competitor that never led", async () => {
    compete("a");
    await pass(1);
    const second = compete("b");
    await pass(1);
    second.end();
    await pass(1);
    await second.done;
    expect(leading).toEqual(["a"]);
  });
});
