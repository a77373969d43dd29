import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceKind, type Service, type ServiceSpec } from "@skiff/api";
import { TestCluster } from "../testing/test-cluster.ts";
import { AddressPool } from "./address-pool.ts";
import { CLEANUP_FINALIZER } from "./plan.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["service-controller"], { loadBalancerCidr: "10.172.0.0/30" });
});
afterEach(() => cluster.stop());

const services = () => cluster.client.resource(serviceKind);
const ref = (name: string) => ({ namespace: "default", name });
const get = (name: string): Promise<Service> => services().get(ref(name));
const address = async (name: string): Promise<string | undefined> => (await get(name)).status?.loadBalancer?.ingress?.[0]?.ip;

async function create(name: string, spec: Partial<ServiceSpec> = {}): Promise<void> {
  await services().create({
    metadata: { name, namespace: "default" },
    spec: {
      type: "LoadBalancer",
      clusterIP: `10.96.0.${name.codePointAt(0)}`,
      ports: [{ port: 80, nodePort: 30_000 + name.codePointAt(0)! }],
      ...spec,
    },
  });
  await cluster.settle();
}

describe("a pool of addresses", () => {
  it.each([
    ["10.172.0.9/24", "10.172.0.1", 254],
    ["192.0.2.8/30", "192.0.2.9", 2],
    ["192.0.2.8/32", "192.0.2.8", 1],
  ])("%s begins with %s and has %i", (cidr, first, count) => {
    const pool = new AddressPool(cidr);
    const taken = new Set<string>();
    for (let next = pool.lowestFree(() => false); next !== undefined; next = pool.lowestFree((each) => taken.has(each))) taken.add(next);
    expect([...taken][0]).toBe(first);
    expect(taken.size).toBe(count);
    expect([...taken].every((each) => pool.has(each))).toBe(true);
    expect(pool.has("10.172.1.1")).toBe(false);
  });

  it.each(["10.0.0.0", "10.0.0.0/33", "10.0.256.0/24", "fd00::/64"])("refuses %s", (cidr) => {
    expect(() => new AddressPool(cidr)).toThrow(RangeError);
  });
});

describe("a Service of type LoadBalancer", () => {
  it("gets the lowest free address, and keeps it", async () => {
    await create("a");
    await create("b");
    expect(await get("a")).toMatchObject({
      metadata: { finalizers: [CLEANUP_FINALIZER] },
      status: { loadBalancer: { ingress: [{ ip: "10.172.0.1", ipMode: "VIP" }] } },
    });
    expect(await address("b")).toBe("10.172.0.2");
    await services().patch(ref("a"), { metadata: { labels: { touched: "yes" } } });
    await cluster.settle();
    expect(await address("a")).toBe("10.172.0.1");
    expect(await cluster.events("Service")).toEqual([
      "EnsuringLoadBalancer: Ensuring load balancer",
      "EnsuredLoadBalancer: Ensured load balancer",
      "EnsuringLoadBalancer: Ensuring load balancer",
      "EnsuredLoadBalancer: Ensured load balancer",
    ]);
  });

  it("waits when none is left, says so, and gets the next that becomes free", async () => {
    await create("a");
    await create("b");
    await create("c");
    expect(await address("c")).toBeUndefined();
    expect(await cluster.events("Service")).toContain(
      "SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: no address is free in the pool 10.172.0.0/30",
    );
    await services().delete(ref("a"));
    await cluster.settle();
    await expect(get("a")).rejects.toThrow('services "a" not found');
    expect(await address("c")).toBe("10.172.0.1");
  });

  it("never shares an address, however many are made at once", async () => {
    await Promise.all(["a", "b", "c", "d"].map((name) => create(name)));
    const held = (await Promise.all(["a", "b", "c", "d"].map(address))).filter((each) => each !== undefined);
    expect(new Set(held).size).toBe(2);
    expect(held).toHaveLength(2);
  });

  it("gets the address that it names, if that is in the pool and free", async () => {
    await create("a", { loadBalancerIP: "10.172.0.2" });
    await create("b", { loadBalancerIP: "10.172.0.2" });
    await create("c", { loadBalancerIP: "192.0.2.1" });
    expect([await address("a"), await address("b"), await address("c")]).toEqual(["10.172.0.2", undefined, undefined]);
    const events = await cluster.events("Service");
    expect(events.join("\n")).toContain("the address 10.172.0.2 belongs to another Service");
    expect(events.join("\n")).toContain("the address 192.0.2.1 is not in the pool 10.172.0.0/30");
    await services().patch(ref("b"), { spec: { loadBalancerIP: null } });
    await cluster.settle();
    expect(await address("b")).toBe("10.172.0.1");
  });

  it("gives its address back when its type changes", async () => {
    await create("a");
    await services().patch(ref("a"), { spec: { type: "ClusterIP" } });
    await cluster.settle();
    const { metadata, status } = await get("a");
    expect(metadata?.finalizers).toBeUndefined();
    expect(status).toEqual({ loadBalancer: {} });
    expect(await cluster.events("Service")).toContain("DeletedLoadBalancer: Deleted load balancer");
  });

  it("of another class is another controller's", async () => {
    await create("a", { loadBalancerClass: "example.com/other" });
    await create("b", { loadBalancerClass: "skiff.dev/address-pool" });
    expect((await get("a")).metadata?.finalizers).toBeUndefined();
    expect([await address("a"), await address("b")]).toEqual([undefined, "10.172.0.1"]);
  });
});
