import { podKind, serviceKind, nodeKind, configMapKind, secretKind, type Pod } from "@skiff/api";
import { testHost } from "@skiff/base/testing";
import { Client, InformerFactory } from "@skiff/client";
import { SimulatedRuntime } from "@skiff/cri-simulated";
import { createKubelet, fromInformer, MemoryFileSystem, MemoryMounter, simulatedNodeFacts } from "../index.ts";
import { MemoryApi } from "./memory-api.ts";
import { simulatedProbes } from "./test-node.ts";

const N = Number(process.argv[2] ?? 1000), P = Number(process.argv[3] ?? 10);
const host = testHost();
const api = new MemoryApi(host.clock);
const client = new Client(api);
const informers = new InformerFactory(client, host);
const pods = informers.informer(podKind), services = informers.informer(serviceKind), nodes = informers.informer(nodeKind);
const configMaps = fromInformer(informers.informer(configMapKind)), secrets = fromInformer(informers.informer(secretKind));
const byNode = new Map<string, (c: never) => void>();
informers.start();
const mem = () => { globalThis.gc?.(); return Math.round(process.memoryUsage().rss / 1e6); };
const m0 = mem();
let t = performance.now();
const kubelets = Array.from({ length: N }, (_, i) => {
  const name = `node-${i}`;
  const runtime = new SimulatedRuntime(host, { podCidr: `10.${i >> 8}.${i & 255}.0/24` });
  const fileSystem = new MemoryFileSystem(() => host.clock.now());
  return createKubelet({ host, client, nodeName: name, runtime, fileSystem, mounter: new MemoryMounter(fileSystem), facts: simulatedNodeFacts(), probes: simulatedProbes(runtime), nodeIps: ["1.2.3.4"],
    recorder: { event: () => {} }, logRotation: false, eviction: false,
    sources: { services, nodes: { get: (k) => nodes.get(k), onChange: () => () => {} }, configMaps, secrets, pods: { synced: (s) => pods.synced(s), onChange: (h) => { byNode.set(name, h as never); return () => {}; } } } });
});
pods.onChange((c) => byNode.get(c.object.spec?.nodeName ?? "")?.(c as never));
for (const k of kubelets) void k.start();
await host.clock.advance("1s");
console.log("start", N, "kubelets:", Math.round(performance.now() - t), "ms; rss", m0, "->", mem(), "MB");
t = performance.now();
await host.clock.advance("60s");
console.log("idle 60s:", Math.round(performance.now() - t), "ms cpu; writes", api.writes.length);
t = performance.now();
for (let i = 0; i < N * P; i++) {
  const pod: Pod = { metadata: { name: `p${i}`, namespace: "default" }, spec: { nodeName: `node-${i % N}`, containers: [{ name: "c", image: "a:1" }], volumes: [{ name: "e", emptyDir: {} }] }, status: { phase: "Pending", qosClass: "BestEffort" } };
  api.put(`/api/v1/namespaces/default/pods/p${i}`, pod);
}
await host.clock.advance("1s");
const running = (api.list("/api/v1/pods") as Pod[]).filter((p) => p.status?.phase === "Running").length;
console.log("start", N * P, "pods:", Math.round(performance.now() - t), "ms; running", running, "rss", mem(), "MB");
t = performance.now();
await host.clock.advance("120s");
console.log("idle 120s with pods:", Math.round(performance.now() - t), "ms");
process.exit(0);
