import { systemClock, systemRandom, silentLogger } from "@skiff/base";
import { nodeKind, podKind, allKinds, namespaceKind } from "@skiff/api";
import { Client, InformerFactory } from "@skiff/client";
import { MemoryStore } from "@skiff/store";
import { createSubresourceHandlers, createApiServer } from "@skiff/apiserver";
import { createScheduler } from "./scheduler.ts";
import { asking, testNode, testPod } from "./testing/objects.ts";
const host = { clock: systemClock, random: systemRandom, log: silentLogger };
const nowhere = (): never => {
  throw new Error("no");
};
const server = await createApiServer({
  host,
  store: new MemoryStore(),
  kinds: [...allKinds],
  compose: ({ reader }: any) => ({
    subresources: createSubresourceHandlers({
      reader,
      connector: { request: nowhere, upgrade: nowhere },
      tokens: { issue: nowhere } as never,
    }),
  }),
} as any);
const client = new Client(server.transport({ name: "admin", groups: ["system:masters"] } as any, "x"));
await client.resource(namespaceKind).create({ metadata: { name: "default" } });
const N = 1000,
  P = 5000;
for (let i = 0; i < N; i++) {
  const n = testNode(`n${i}`, {}, { cpu: "16", memory: "64Gi" });
  await client.resource(nodeKind).create(n);
}
console.log((await client.resource(nodeKind).get({ name: "n1" })).status?.allocatable);
for (let i = 0; i < P; i++) {
  const p = testPod(`p${i}`, asking({ cpu: "10m", memory: "16Mi" }));
  delete p.metadata!.uid;
  await client.resource(podKind).create(p);
}
const informers = new InformerFactory(client, host, { sharedObjects: true });
const scheduler = createScheduler({ host, client, informers });
informers.start();
await informers.synced();
const { Session } = await import("node:inspector/promises");
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.start");
const stopProf = async () => (await session.post("Profiler.stop")).profile;
const t0 = performance.now();
scheduler.start();
let bound = 0;
const inf = informers.informer(podKind);
inf.onChange((c) => {
  if (c.object.spec?.nodeName) bound++;
});
while (bound < P && performance.now() - t0 < 60000) await new Promise((r) => setTimeout(r, 20));
const s = (performance.now() - t0) / 1000;
console.log(bound, "bound in", s.toFixed(2), "s:", Math.round(bound / s), "Pods/s");

const { writeFileSync } = await import("node:fs");
writeFileSync("/tmp/schedprof/p.cpuprofile", JSON.stringify(await stopProf()));
process.exit(0);
