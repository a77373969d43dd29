import type { Container, Pod, PodSpec } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { containerResources, podAmount, podCgroup, milliCpu } from "./container-resources.ts";
import type { ContainerConfig } from "./container-runtime.ts";
import { podDns } from "./pod-dns.ts";
import { hostsFile, podHostname } from "./pod-hostname.ts";
import { TestNode } from "./testing/test-node.ts";
import { expandVariables } from "./variable-expansion.ts";

async function configOf(
  spec: Partial<PodSpec>,
  prepare: (node: TestNode) => void = () => {},
): Promise<{ config?: ContainerConfig; node: TestNode }> {
  const node = new TestNode({
    images: [
      { image: "root*", user: "0" },
      { image: "app*", user: "1000" },
      { image: "named*", user: "nginx" },
    ],
  });
  prepare(node);
  await node.start();
  await node.run("web", spec, { labels: { app: "web" }, annotations: { note: "x" } });
  const [container] = await node.runtime.listContainers();
  return { node, config: container && node.runtime.configOf(container.id) };
}

const environment = (config: ContainerConfig | undefined): Record<string, string> =>
  Object.fromEntries(config?.env.map(({ key, value }) => [key, value]) ?? []);

describe("the environment", () => {
  it("comes from Services, ConfigMaps, Secrets, the Pod and plain values", async () => {
    const container: Container = {
      name: "main",
      image: "app:1",
      command: ["run", "$(GREETING)", "$(UNKNOWN)", "$$(GREETING)"],
      envFrom: [{ prefix: "C_", configMapRef: { name: "settings" } }],
      env: [
        { name: "NAME", value: "world" },
        { name: "GREETING", value: "hello $(NAME) at $(WEB_SERVICE_HOST)" },
        { name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "k" } } },
        { name: "NONE", valueFrom: { configMapKeyRef: { name: "missing", key: "k", optional: true } } },
        { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "LABEL", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        { name: "MEM", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
      ],
      resources: { limits: { memory: "64Mi" } },
    };
    const { config, node } = await configOf({ containers: [container] }, ({ api }) => {
      api.put("/api/v1/namespaces/default/configmaps/settings", {
        metadata: { name: "settings", namespace: "default" },
        data: { color: "red" },
      } as object);
      api.put("/api/v1/namespaces/default/secrets/keys", {
        metadata: { name: "keys", namespace: "default" },
        data: { k: "c2VjcmV0" },
      } as object);
      api.put("/api/v1/namespaces/default/services/web", {
        metadata: { name: "web", namespace: "default" },
        spec: { clusterIP: "10.96.0.9", ports: [{ name: "http", port: 80 }] },
      } as object);
    });
    expect(environment(config)).toEqual({
      C_color: "red",
      NAME: "world",
      GREETING: "hello world at 10.96.0.9",
      KEY: "secret",
      POD: "web",
      LABEL: "web",
      IP: node.pod("web")?.status?.podIP,
      CPU: "4",
      MEM: "64",
      WEB_SERVICE_HOST: "10.96.0.9",
      WEB_SERVICE_PORT: "80",
      WEB_SERVICE_PORT_HTTP: "80",
      WEB_PORT: "tcp://10.96.0.9:80",
      WEB_PORT_80_TCP: "tcp://10.96.0.9:80",
      WEB_PORT_80_TCP_PROTO: "tcp",
      WEB_PORT_80_TCP_PORT: "80",
      WEB_PORT_80_TCP_ADDR: "10.96.0.9",
    });
    expect(config?.command).toEqual(["run", "hello world at 10.96.0.9", "$(UNKNOWN)", "$(GREETING)"]);
  });

  it.each([
    { env: { configMapKeyRef: { name: "no", key: "k" } }, message: 'configmap "no" not found' },
    { env: { secretKeyRef: { name: "no", key: "k" } }, message: 'secret "no" not found' },
    { env: { fieldRef: { fieldPath: "spec.nope" } }, message: "unsupported fieldPath: spec.nope" },
  ])("keeps a container from starting: $message", async ({ env, message }) => {
    const { node } = await configOf({ containers: [{ name: "main", image: "app:1", env: [{ name: "X", valueFrom: env }] }] });
    expect(node.pod("web")?.status?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "CreateContainerConfigError", message } });
    expect(node.events()).toContain(`Failed: Error: ${message}`);
  });

  it.each([
    ["$(A)-$(B)", "1-$(B)"],
    ["$$(A)", "$(A)"],
    ["$A $( $", "$A $( $"],
    ["$$$(A)", "$1"],
  ])("expands %s to %s", (input, output) => {
    expect(expandVariables(input, (name) => (name === "A" ? "1" : undefined))).toBe(output);
  });
});

describe("the security context", () => {
  it("of the container goes before that of the Pod", async () => {
    const { config } = await configOf({
      securityContext: { runAsUser: 1, runAsGroup: 2, fsGroup: 3, supplementalGroups: [4], seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "main",
          image: "app:1",
          securityContext: {
            runAsUser: 9,
            capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] },
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
          },
        },
      ],
    });
    expect(config?.linux).toMatchObject({
      runAsUser: 9,
      runAsGroup: 2,
      supplementalGroups: [4, 3],
      addCapabilities: ["NET_ADMIN"],
      dropCapabilities: ["ALL"],
      readonlyRootfs: true,
      noNewPrivileges: true,
      seccomp: { type: "RuntimeDefault" },
    });
    expect(config?.linux.maskedPaths).toContain("/proc/kcore");
  });

  it.each([
    { image: "root:1", words: "container has runAsNonRoot and image will run as root" },
    { image: "named:1", words: "container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root" },
  ])("refuses $image when it must not be root", async ({ image, words }) => {
    const { node } = await configOf({ securityContext: { runAsNonRoot: true }, containers: [{ name: "main", image }] });
    const waiting = node.pod("web")?.status?.containerStatuses?.[0]?.state?.waiting;
    expect(waiting?.reason).toBe("CreateContainerConfigError");
    expect(waiting?.message).toBe(`${words} (pod: "web_default(${node.pod("web")?.metadata?.uid})", container: main)`);
  });
});

describe("resources", () => {
  const pod = (containers: Partial<Container>[], more: Partial<PodSpec> = {}): Pod => ({
    metadata: { uid: "u" },
    spec: { containers: containers.map((container, index) => ({ name: `c${index}`, ...container })), ...more },
  });

  it.each<{ why: string; resources: NonNullable<Container["resources"]>; expected: object; cgroup: string }>([
    { why: "nothing", resources: {}, expected: { cpuShares: 2, oomScoreAdj: 1000 }, cgroup: "/kubepods/besteffort/podu" },
    {
      why: "requests",
      resources: { requests: { cpu: "250m", memory: "1Gi" } },
      expected: { cpuShares: 256, oomScoreAdj: 937 },
      cgroup: "/kubepods/burstable/podu",
    },
    {
      why: "limits equal to requests",
      resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } },
      expected: { cpuShares: 1024, cpuQuota: 100_000, cpuPeriod: 100_000, memoryLimitBytes: 2 ** 30, oomScoreAdj: -997 },
      cgroup: "/kubepods/podu",
    },
    {
      why: "a tiny limit",
      resources: { limits: { cpu: "1m" } },
      expected: { cpuShares: 2, cpuQuota: 1000, cpuPeriod: 100_000, oomScoreAdj: 999 },
      cgroup: "/kubepods/burstable/podu",
    },
  ])("with $why", ({ resources, expected, cgroup }) => {
    const subject = pod([{ resources }]);
    expect(containerResources(subject, subject.spec!.containers[0]!, 16 * 2 ** 30)).toEqual({ ...expected, hugepageLimits: [] });
    expect(podCgroup(subject)).toBe(cgroup);
  });

  it("of a Pod are those of the apps and sidecars, or of the greediest init container", () => {
    const cpu = (amount: string, more: object = {}): Partial<Container> => ({ resources: { requests: { cpu: amount } }, ...more });
    const inits = [cpu("100m", { restartPolicy: "Always" }), cpu("2")].map((container, index) => ({ name: `i${index}`, ...container }));
    expect(podAmount(pod([cpu("500m")], { initContainers: inits }), "requests", milliCpu)).toBe(2100);
    expect(podAmount(pod([cpu("3")], { initContainers: inits, overhead: { cpu: "10m" } }), "requests", milliCpu)).toBe(3110);
  });
});

describe("DNS", () => {
  const settings = { clusterDns: ["10.96.0.10"], clusterDomain: "cluster.local" };
  const host = "nameserver 1.1.1.1\nsearch corp.example\noptions timeout:1\n";
  const cluster = {
    servers: ["10.96.0.10"],
    searches: ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"],
    options: ["ndots:5"],
  };
  const ofHost = { servers: ["1.1.1.1"], searches: ["corp.example"], options: ["timeout:1"] };
  it.each<{ why: string; spec: Partial<PodSpec>; expected: object }>([
    { why: "ClusterFirst", spec: {}, expected: cluster },
    { why: "Default", spec: { dnsPolicy: "Default" }, expected: ofHost },
    { why: "ClusterFirst on the host's network", spec: { hostNetwork: true }, expected: ofHost },
    { why: "ClusterFirstWithHostNet", spec: { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }, expected: cluster },
    {
      why: "None",
      spec: {
        dnsPolicy: "None",
        dnsConfig: { nameservers: ["9.9.9.9"], searches: ["x"], options: [{ name: "ndots", value: "2" }, { name: "edns0" }] },
      },
      expected: { servers: ["9.9.9.9"], searches: ["x"], options: ["ndots:2", "edns0"] },
    },
    {
      why: "options of one's own",
      spec: { dnsConfig: { options: [{ name: "ndots", value: "1" }] } },
      expected: { ...cluster, options: ["ndots:1"] },
    },
  ])("with $why", ({ spec, expected }) => {
    expect(podDns({ metadata: { namespace: "ns" }, spec: { containers: [], ...spec } }, settings, host)).toEqual(expected);
  });
});

describe("the hostname", () => {
  const pod = (spec: Partial<PodSpec>): Pod => ({ metadata: { name: "web-0", namespace: "ns" }, spec: { containers: [], ...spec } });

  it("and the hosts file name the Pod by its subdomain", () => {
    const subject = pod({ subdomain: "web", hostAliases: [{ ip: "1.2.3.4", hostnames: ["a", "b"] }] });
    const names = podHostname(subject, "cluster.local");
    expect(names.hostname).toBe("web-0");
    const text = hostsFile(subject, names, ["10.244.0.5"], "");
    expect(text).toContain("10.244.0.5\tweb-0.web.ns.svc.cluster.local\tweb-0\n");
    expect(text.endsWith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")).toBe(true);
  });

  it("may be the whole name, if the kernel can hold it", () => {
    expect(podHostname(pod({ subdomain: "web", setHostnameAsFQDN: true }), "cluster.local").hostname).toBe(
      "web-0.web.ns.svc.cluster.local",
    );
    expect(() => podHostname(pod({ subdomain: "w".repeat(60), setHostnameAsFQDN: true }), "cluster.local")).toThrow(
      "is too long (64 characters is the max",
    );
  });
});
