import { afterEach, describe, expect, it } from "vitest";
import {
  eventKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  statusError,
  storageClassKind,
  type ApiRequest,
  type Binding,
  type Node,
  type Pod,
  type Transport,
} from "@skiff/api";
import { Client, InformerFactory } from "@skiff/client";
import { createSubresourceHandlers } from "@skiff/apiserver";
import { startTestApiServer } from "@skiff/apiserver/testing";
import { defaultPlugins } from "./default-plugins.ts";
import type { Plugin } from "./framework/plugin.ts";
import { createScheduler, DEFAULT_SCHEDULER_NAME, type Scheduler, type SchedulerProfile } from "./scheduler.ts";
import { asking, testNode, testPod } from "./testing/objects.ts";

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** The transport of a client, with a say in what each request is answered. */
function intercepted(transport: Transport, before: (request: ApiRequest) => void): Transport {
  return {
    request: (request) => {
      before(request);
      return transport.request(request);
    },
    watch: (request, onEvents) => transport.watch(request, onEvents),
    stream: (request) => transport.stream(request),
  };
}

async function start(profiles?: readonly SchedulerProfile[]) {
  const nowhere = (): never => {
    throw new Error("no node can be reached, and no tokens are issued, in these tests");
  };
  const server = await startTestApiServer({
    compose: ({ reader }) => ({
      subresources: createSubresourceHandlers({
        reader,
        connector: { request: nowhere, upgrade: nowhere },
        tokens: { issue: nowhere } as never,
      }),
    }),
  });
  const { host } = server;
  const client = server.client();
  const api = { bindings: [] as string[], onBinding: (_pod: string) => {} };
  const schedulerClient = new Client(
    intercepted(client.transport, ({ path, body }) => {
      if (!path.endsWith("/binding")) return;
      const { metadata, target } = body as Binding;
      api.onBinding(metadata?.name ?? "");
      api.bindings.push(`${metadata?.name} → ${target.name}`);
    }),
  );
  const informers = new InformerFactory(schedulerClient, host);
  const scheduler: Scheduler = createScheduler({ host, client: schedulerClient, informers, profiles });
  stops.push(
    () => scheduler.stop(),
    () => informers.stop(),
    () => server.stop(),
  );
  informers.start();
  scheduler.start();
  const addNode = (node: Node) => client.resource(nodeKind).create(node);
  const addPod = (pod: Pod) => client.resource(podKind).create(pod);
  const getPod = (name: string) => client.resource(podKind).get({ namespace: "default", name });
  const events = async () => {
    const { items } = await client.resource(eventKind).list();
    const rows = items.map(({ type, reason, message, source }) => [source?.component, type, reason, message]);
    return rows.sort((a, b) => String(a).localeCompare(String(b)));
  };
  // The API server answers over several turns of the event loop, so that one look for quiet is not enough.
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await server.clock.advance(10);
  };
  return { host: { clock: server.clock }, api, client, addNode, addPod, getPod, events, settle };
}

describe("the scheduler", () => {
  it("binds a Pod, says so, and counts it at once", async () => {
    const { api, addNode, addPod, getPod, events, settle } = await start();
    await addNode(testNode("a", {}, { cpu: "1" }));
    await addPod(testPod("one", asking({ cpu: "600m" })));
    await addPod(testPod("two", asking({ cpu: "600m" })));
    await settle();
    expect(api.bindings).toEqual(["one → a"]);
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
    const { host, api, addNode, addPod, events, settle } = await start();
    await addPod(testPod("one"));
    await settle();
    expect(await events()).toEqual([["default-scheduler", "Warning", "FailedScheduling", "no nodes available to schedule pods"]]);
    await addNode(testNode("a"));
    await host.clock.advance(1000);
    expect(api.bindings).toEqual(["one → a"]);
  });

  it("tries again after a binding failed, and gives the room free meanwhile", async () => {
    const { host, api, addNode, addPod, getPod, events, settle } = await start();
    let failures = 1;
    api.onBinding = (pod) => {
      if (pod === "one" && failures-- > 0) throw statusError("InternalError", "no luck");
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

  it("goes on with the others when a plug-in fails over one Pod", async () => {
    const picky: Plugin = {
      name: "Picky",
      reserve({ pod }) {
        if (pod.metadata?.name === "one") throw new Error("not this one");
        return undefined;
      },
    };
    const plugins: SchedulerProfile["plugins"] = (context) => [...defaultPlugins(context), picky];
    const { api, addNode, addPod, getPod, settle } = await start([{ schedulerName: DEFAULT_SCHEDULER_NAME, plugins }]);
    await addNode(testNode("a"));
    await addPod(testPod("one"));
    await settle();
    await addPod(testPod("two"));
    await settle();
    expect(api.bindings).toEqual(["two → a"]);
    expect((await getPod("one")).status?.conditions).toMatchObject([{ reason: "SchedulerError", message: "not this one" }]);
  });

  it("leaves Pods of other schedulers and gated Pods alone", async () => {
    const { api, client, addNode, addPod, getPod, settle } = await start();
    await addNode(testNode("a"));
    await addPod(testPod("foreign", { schedulerName: "mine" }));
    await addPod(testPod("gated", { schedulingGates: [{ name: "example.com/later" }] }));
    await settle();
    expect(api.bindings).toEqual([]);
    const gated = await getPod("gated");
    await client.resource(podKind).update({ ...gated, spec: { ...gated.spec!, schedulingGates: [] } });
    await settle();
    expect(api.bindings).toEqual(["gated → a"]);
  });

  it("pushes out what is worth less, and takes the room once it is free", async () => {
    const { client, addNode, addPod, getPod, events, settle } = await start();
    await addNode(testNode("a", {}, { cpu: "1" }));
    await addPod(testPod("low", { ...asking({ cpu: "1" }), terminationGracePeriodSeconds: 30 }));
    await settle();
    await addPod(testPod("high", { ...asking({ cpu: "1" }), priority: 10 }));
    await settle();
    const low = await getPod("low");
    expect(low.metadata?.deletionTimestamp).toBeDefined();
    expect(low.status?.conditions?.find(({ type }) => type === "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "PreemptionByScheduler",
      message: "default-scheduler: preempting to accommodate a higher priority pod",
    });
    const high = await getPod("high");
    expect([high.spec?.nodeName, high.status?.nominatedNodeName]).toEqual([undefined, "a"]);
    expect(await events()).toContainEqual(["default-scheduler", "Normal", "Preempted", `Preempted by pod ${high.metadata?.uid} on node a`]);
    // While the victim ends, nobody else is pushed out.
    expect((await events()).filter(([, , reason]) => reason === "Preempted")).toHaveLength(1);
    await client.resource(podKind).delete({ namespace: "default", name: "low" }, { gracePeriodSeconds: 0 });
    await settle();
    expect((await getPod("high")).spec?.nodeName).toBe("a");
  });

  it("chooses the node for a claim that waits for its first consumer, and binds once the volume is there", async () => {
    const { host, client, addNode, addPod, getPod, settle } = await start();
    const claims = client.resource(persistentVolumeClaimKind);
    const ref = { namespace: "default", name: "data" };
    await client
      .resource(storageClassKind)
      .create({ metadata: { name: "made" }, provisioner: "example.com/maker", volumeBindingMode: "WaitForFirstConsumer" });
    const spec = { accessModes: ["ReadWriteOnce"], storageClassName: "made", resources: { requests: { storage: "1Gi" } } };
    await claims.create({ metadata: ref, spec });
    await addNode(testNode("a"));
    await addPod(testPod("one", { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] }));
    await settle();
    expect((await claims.get(ref)).metadata?.annotations).toEqual({ "volume.kubernetes.io/selected-node": "a" });
    expect((await getPod("one")).spec?.nodeName).toBeUndefined();
    await client.resource(persistentVolumeKind).create({
      metadata: { name: "v" },
      spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/v" }, storageClassName: "made" },
    });
    await claims.patch(ref, { metadata: { annotations: { "pv.kubernetes.io/bind-completed": "yes" } }, spec: { volumeName: "v" } });
    await host.clock.advance("1s");
    expect((await getPod("one")).spec?.nodeName).toBe("a");
  });
});
