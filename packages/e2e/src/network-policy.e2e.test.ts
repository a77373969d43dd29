import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Kubectl, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();
const NODES = ["e2e-policy-1", "e2e-policy-2"];

/** The machine's clock that a container sees as well. */
function uptimeSeconds(): number {
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
}

/** Two web servers in one Pod, and clients beside it, on the other node and in another namespace. */
const SERVER = `mkdir -p /tmp/www && echo hello > /tmp/www/index.html && httpd -p 9090 -h /tmp/www && exec httpd -f -p 8080 -h /tmp/www`;

function pod(namespace: string, name: string, node: string | undefined, command: string, labels: Record<string, string>): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      restartPolicy: name === "new" ? "Never" : "Always",
      containers: [
        {
          name: "main",
          image: "busybox:1.36",
          command: ["sh", "-c", command],
          ports: [{ name: "http", containerPort: 8080 }],
          ...(name === "web" ? { readinessProbe: { httpGet: { port: 8080, path: "/" }, periodSeconds: 1 } } : {}),
        },
      ],
    },
  };
}

const OBJECTS = {
  apiVersion: "v1",
  kind: "List",
  items: [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "tools", labels: { team: "tools" } } },
    pod("shop", "web", NODES[0], SERVER, { app: "web" }),
    pod("shop", "near", NODES[0], "exec sleep 3600", { role: "client" }),
    pod("shop", "far", NODES[1], "exec sleep 3600", { role: "client" }),
    pod("tools", "probe", NODES[1], "exec sleep 3600", { role: "probe" }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace: "shop", name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
    },
  ],
};

describe.skipIf(why !== undefined)(`NetworkPolicies${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let ip: string;

  /** Who of the clients gets an answer there. */
  const whoReaches = async (address: string): Promise<string> => {
    const clients = ["shop/near", "shop/far", "tools/probe"];
    const answers = await Promise.all(
      clients.map(async (client) => {
        const [namespace, name] = client.split("/");
        const { code } = await kubectl.try(`exec -n ${namespace} ${name} -- timeout 1 wget -q -O /dev/null http://${address}/`);
        return code === 0;
      }),
    );
    return clients.filter((_, index) => answers[index]).join(" ");
  };
  const becomes = (address: string, expected: string): Promise<unknown> =>
    eventually(`only "${expected}" reaching ${address}`, async () => (await whoReaches(address)) === expected);
  const apply = (name: string, spec: object): Promise<string> =>
    kubectl.ok("apply -f -", {
      input: JSON.stringify({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { namespace: "shop", name }, spec }),
    });

  const everyone = "shop/near shop/far tools/probe";
  const web = { podSelector: { matchLabels: { app: "web" } } };

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-policy", ["--nodes", "2"]);
    kubectl = cluster.kubectl();
    await kubectl.ok("apply -f -", { input: JSON.stringify(OBJECTS) });
    await kubectl.ok("wait -n shop --for=condition=Ready pod --all --timeout=60s");
    await kubectl.ok("wait -n tools --for=condition=Ready pod --all --timeout=60s");
    ip = await kubectl.ok("get pod -n shop web -o jsonpath={.status.podIP}");
    await becomes(`${ip}:8080`, everyone);
  });
  afterEach(() => kubectl.ok("delete networkpolicy -n shop --all"));
  afterAll(() => cluster?.remove());

  it("deny by default, from the same node and from others, while probes go on; and their removal opens again", async () => {
    await apply("deny", { podSelector: {}, policyTypes: ["Ingress"] });
    await becomes(`${ip}:8080`, "");
    expect(await whoReaches("web.shop:80")).toBe("");
    expect(await kubectl.ok("get pod -n shop web --no-headers")).toContain("1/1");
    await kubectl.ok("delete networkpolicy -n shop deny");
    await becomes(`${ip}:8080`, everyone);
  });

  it("allow Pods of the namespace and of others, by number and name of the port", async () => {
    const clients = { podSelector: { matchLabels: { role: "client" } } };
    const tools = { namespaceSelector: { matchLabels: { team: "tools" } }, podSelector: { matchLabels: { role: "probe" } } };
    await apply("clients", { ...web, ingress: [{ from: [clients], ports: [{ port: "http" }] }] });
    await becomes(`${ip}:8080`, "shop/near shop/far");
    expect(await whoReaches("web.shop:80")).toBe("shop/near shop/far");
    expect(await whoReaches(`${ip}:9090`)).toBe("");
    await apply("tools", { ...web, ingress: [{ from: [tools], ports: [{ port: 9000, endPort: 9100 }] }] });
    await becomes(`${ip}:9090`, "tools/probe");
    // A label that goes takes the right with it.
    await kubectl.ok("label pod -n shop far role-");
    await becomes(`${ip}:8080`, "shop/near");
    await kubectl.ok("label pod -n shop far role=client");
  });

  it("hold egress back, cluster DNS included, and allow DNS alone", async () => {
    const near = { podSelector: { matchLabels: { role: "client" } }, policyTypes: ["Egress"] };
    const resolves = async (): Promise<boolean> =>
      (await kubectl.try("exec -n shop near -- timeout 2 nslookup web.shop.svc.cluster.local")).code === 0;
    expect(await resolves()).toBe(true);
    await apply("egress", near);
    await becomes(`${ip}:8080`, "tools/probe");
    expect(await resolves()).toBe(false);
    const dns = { namespaceSelector: {}, podSelector: { matchLabels: { "k8s-app": "kube-dns" } } };
    await apply("egress", { ...near, egress: [{ to: [dns], ports: [{ protocol: "UDP", port: 53 }] }] });
    await eventually("answers of DNS", resolves);
    expect(await whoReaches(`${ip}:8080`)).toBe("tools/probe");
  });

  it("allow ranges of addresses without their exceptions", async () => {
    const far = await kubectl.ok("get pod -n shop far -o jsonpath={.status.podIP}");
    await apply("range", { ...web, ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0", except: [`${far}/32`] } }] }] });
    await becomes(`${ip}:8080`, "shop/near tools/probe");
  });

  it("hold a new Pod back from its first packet on", async () => {
    await apply("egress", { podSelector: { matchLabels: { app: "new" } }, policyTypes: ["Egress"] });
    const attempts = `for i in 1 2 3 4 5; do timeout 1 wget -q -O /dev/null http://${ip}:8080/ && exit 1; done; exit 0`;
    await kubectl.ok("apply -f -", { input: JSON.stringify({ ...pod("shop", "new", NODES[0], attempts, { app: "new" }) }) });
    await eventually("the end of the new Pod", async () => {
      const phase = await kubectl.ok("get pod -n shop new -o jsonpath={.status.phase}");
      expect(phase).not.toBe("Failed");
      return phase === "Succeeded";
    });
  });

  it("are in force soon after they are made", async () => {
    const name = "exec -n shop far -- sh -c";
    // Asks until the first answer that does not come within two seconds, and tells when that was.
    const asking = kubectl.ok(
      `${name} 'while timeout 2 wget -q -O /dev/null http://${ip}:8080/; do touch /tmp/asking; done; cut -d" " -f1 /proc/uptime'`,
    );
    await eventually("the requests under way", async () => (await kubectl.try(`${name} 'test -e /tmp/asking'`)).code === 0);
    await apply("deny", { podSelector: {}, policyTypes: ["Ingress"] });
    const applied = uptimeSeconds();
    const latencyMs = Math.round((Number(await asking) - 2 - applied) * 1000);
    console.log(`enforced ${latencyMs} ms after kubectl apply had ended`);
    expect(latencyMs).toBeLessThan(2000);
  });
});
