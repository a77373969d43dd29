import { afterEach, describe, expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import { eventKind, nodeKind, podKind, statusError, type Binding, type Node, type Pod } from "@skiff/api";
import { Client, InformerFactory } from "@skiff/client";
import { MemoryApi } from "@skiff/client/testing";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import { asking, testNode, testPod } from "./testing/objects.ts";

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start() {
  const host = testHost();
  const api = new MemoryApi(host);
  const client = new Client(api);
  const informers = new InformerFactory(client, host);
  const scheduler: Scheduler = createScheduler({ host, client, informers });
  stops.push(
    () => scheduler.stop(),
    () => informers.stop(),
  );
  informers.start();
  scheduler.start();
  const addNode = (node: Node) => client.resource(nodeKind).create(node);
  const addPod = (pod: Pod) => client.resource(podKind).create(pod);
  const getPod = (name: string) => client.resource(podKind).get({ namespace: "default", name });
  const bindings = () =>
    api.writes
      .filter(({ path }) => path.endsWith("/binding"))
      .map(({ body }) => `${(body as Binding).metadata?.name} → ${(body as Binding).target.name}`);
  const events = async () => {
    const { items } = await client.resource(eventKind).list();
    const rows = items.map(({ type, reason, message, source }) => [source?.component, type, reason, message]);
    return rows.sort((a, b) => String(a).localeCompare(String(b)));
  };
  return { host, api, bindings, client, addNode, addPod, getPod, events, settle: () => host.clock.advance(50) };
}

describe("the scheduler", () => {
  it("binds a Pod, says so, and counts it at once", async () => {
    const { bindings, addNode, addPod, getPod, events, settle } = start();
    await addNode(testNode("a", {}, { cpu: "1" }));
    await addPod(testPod("one", asking({ cpu: "600m" })));
    await addPod(testPod("two", asking({ cpu: "600m" })));
    await settle();
    expect(bindings()).toEqual(["one → a"]);
    expect((await getPod("one")).spec?.nodeName).toBe("a");
    const message =
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
    expect(await events()).toEqual([
      ["default-scheduler", "Normal", "Scheduled", "Successfully assigned default/one to a"],
      ["default-scheduler", "Warning", "FailedScheduling", message],
    ]);
    expect((await getPod("two")).status?.conditions).toMatchObject([
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
    ]);
  });

  it("waits for a node, and takes the Pod up as soon as there is one", async () => {
    const { host, bindings, addNode, addPod, events, settle } = start();
    await addPod(testPod("one"));
    await settle();
    expect(await events()).toEqual([["default-scheduler", "Warning", "FailedScheduling", "no nodes available to schedule pods"]]);
    await addNode(testNode("a"));
    await host.clock.advance(1000);
    expect(bindings()).toEqual(["one → a"]);
  });

  it("tries again after a binding failed, and gives the room free meanwhile", async () => {
    const { host, api, addNode, addPod, getPod, events, settle } = start();
    let failures = 1;
    api.intercept = ({ path }) => {
      if (path.endsWith("/one/binding") && failures-- > 0) throw statusError("InternalError", "no luck");
    };
    await addNode(testNode("a", {}, { pods: "1" }));
    await addPod(testPod("one"));
    await settle();
    const failure = 'running Bind plugin "DefaultBinder": no luck';
    expect(await events()).toEqual([["default-scheduler", "Warning", "FailedScheduling", failure]]);
    expect((await getPod("one")).status?.conditions).toMatchObject([{ type: "PodScheduled", reason: "SchedulerError", message: failure }]);
    await addPod(testPod("two"));
    await settle();
    expect((await getPod("two")).spec?.nodeName).toBe("a");
    await host.clock.advance("2s");
    expect((await getPod("one")).status?.conditions).toMatchObject([{ type: "PodScheduled", reason: "Unschedulable" }]);
  });

  it("leaves Pods of other schedulers and gated Pods alone", async () => {
    const { bindings, client, addNode, addPod, getPod, settle } = start();
    await addNode(testNode("a"));
    await addPod(testPod("foreign", { schedulerName: "mine" }));
    await addPod(testPod("gated", { schedulingGates: [{ name: "example.com/later" }] }));
    await settle();
    expect(bindings()).toEqual([]);
    const gated = await getPod("gated");
    await client.resource(podKind).update({ ...gated, spec: { ...gated.spec!, schedulingGates: [] } });
    await settle();
    expect(bindings()).toEqual(["gated → a"]);
  });
});
