import { afterEach, describe, expect, it } from "vitest";
import { isStatus, serviceKind, type Service, type ServiceSpec } from "@skiff/api";
import { startTestApiServer, type TestApiServer } from "../testing.ts";
import { fullServer } from "../testing/full-server.ts";
import { RecordingConnector } from "../testing/recording-connector.ts";
import { AddressRange } from "./address-range.ts";
import type { ServiceRanges } from "./service-strategy.ts";

let api: TestApiServer | undefined;
afterEach(() => api?.stop());

const PORTS = [{ port: 80 }];

async function start(ranges: ServiceRanges = {}, store?: TestApiServer["store"]): Promise<TestApiServer> {
  const compose = fullServer({ connector: new RecordingConnector(), ranges });
  api = await startTestApiServer({ compose, ...(store === undefined ? {} : { store, namespaces: [] }) });
  return api;
}

function service(name: string, spec: ServiceSpec): Service {
  return { metadata: { name, namespace: "default" }, spec: { ports: PORTS, ...spec } };
}

function create(server: TestApiServer, name: string, spec: ServiceSpec): Promise<Service> {
  return server.client().resource(serviceKind).create(service(name, spec));
}

async function causeOf(write: Promise<unknown>): Promise<string> {
  const error = await write.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isStatus(error, "Invalid")) throw error ?? new Error("the write succeeded");
  const { field, message } = error.status.details?.causes?.[0] ?? {};
  return `${field}: ${message}`;
}

describe("address ranges", () => {
  it.each([
    { cidr: "10.96.0.0/16", size: 65_534, first: "10.96.0.1", last: "10.96.255.254" },
    { cidr: "10.0.0.129/28", size: 14, first: "10.0.0.129", last: "10.0.0.142" },
    { cidr: "fd00:10:96::/112", size: 65_535, first: "fd00:10:96::1", last: "fd00:10:96::ffff" },
  ])("$cidr", ({ cidr, size, first, last }) => {
    const range = new AddressRange(cidr);
    expect([range.size, range.address(0), range.address(size - 1)]).toEqual([size, first, last]);
    expect([first, last].map((address) => range.indexOf(address))).toEqual([0, size - 1]);
    expect(range.indexOf("192.0.2.1")).toBeUndefined();
  });
});

describe("services", () => {
  it("get an address of the range outside the static band, and keep it through updates", async () => {
    const server = await start();
    const created = await create(server, "web", {});
    const { clusterIP = "", clusterIPs, ipFamilies, ipFamilyPolicy } = created.spec ?? {};
    expect(new AddressRange("10.96.0.0/16").indexOf(clusterIP)).toBeGreaterThanOrEqual(256);
    expect({ clusterIPs, ipFamilies, ipFamilyPolicy }).toEqual({
      clusterIPs: [clusterIP],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
    });
    const updated = await server
      .client()
      .resource(serviceKind)
      .update(service("web", { selector: { app: "web" } }));
    expect(updated.spec?.clusterIP).toBe(clusterIP);
  });

  it.each([
    {
      title: "outside the range",
      spec: { clusterIP: "192.0.2.7" },
      cause:
        'spec.clusterIPs: Invalid value: ["192.0.2.7"]: failed to allocate IP 192.0.2.7: the provided IP (192.0.2.7) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    },
    {
      title: "taken address",
      spec: { clusterIP: "10.96.0.10" },
      cause: 'spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    },
    {
      title: "taken port",
      spec: { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] },
      cause: "spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated",
    },
    {
      title: "port outside the range",
      spec: { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] },
      cause: "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
    },
    {
      title: "another family",
      spec: { ipFamilies: ["IPv6"] },
      cause: 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    },
    {
      title: "both families",
      spec: { ipFamilyPolicy: "RequireDualStack" },
      cause: 'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    },
  ] satisfies { title: string; spec: ServiceSpec; cause: string }[])("refuses: $title", async ({ spec, cause }) => {
    const server = await start();
    await create(server, "first", { type: "NodePort", clusterIP: "10.96.0.10", ports: [{ port: 80, nodePort: 30_001 }] });
    expect(await causeOf(create(server, "second", spec))).toBe(cause);
  });

  it("give back what they had: on deletion, on a change of type, after a refusal and a dry run", async () => {
    const server = await start();
    const services = server.client().resource(serviceKind);
    const wanted: ServiceSpec = { type: "NodePort", clusterIP: "10.96.0.10", ports: [{ port: 80, nodePort: 30_001 }] };
    await services.create(service("dry", wanted), { dryRun: true });
    await expect(create(server, "refused", { ...wanted, sessionAffinity: "Sometimes" })).rejects.toThrow("sessionAffinity");
    await create(server, "a", wanted);
    await services.update(service("a", { type: "ClusterIP", clusterIP: "10.96.0.10", ports: [{ port: 80 }] }));
    await create(server, "b", { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] });
    await services.delete({ namespace: "default", name: "a" });
    await create(server, "c", { clusterIP: "10.96.0.10" });
  });

  it("never share a number, however many are made at once, until none is left", async () => {
    const server = await start({ clusterIps: "10.0.0.0/28", nodePorts: { from: 30_000, to: 30_013 } });
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => create(server, `s${index}`, { type: "NodePort" })));
    const made = results.filter((result) => result.status === "fulfilled").map(({ value }) => value.spec);
    expect(new Set(made.map((spec) => spec?.clusterIP)).size).toBe(14);
    expect(new Set(made.map((spec) => spec?.ports?.[0]?.nodePort)).size).toBe(14);
    const refused = results.find((result) => result.status === "rejected");
    expect(String(refused?.reason)).toContain("failed to allocate a serviceIP: range is full");
  });

  it("are remembered by a server that starts later on the same store", async () => {
    const first = await start();
    await create(first, "web", { clusterIP: "10.96.0.10" });
    first.server.stop();
    const second = await start({}, first.store);
    expect(await causeOf(create(second, "other", { clusterIP: "10.96.0.10" }))).toContain("provided IP is already allocated");
  });

  it("headless and external ones have no address; load balancers get a port for health checks", async () => {
    const server = await start();
    const headless = await create(server, "headless", { clusterIP: "None", selector: { app: "db" } });
    expect(headless.spec).toMatchObject({ clusterIP: "None", clusterIPs: ["None"] });
    const external = await create(server, "external", { type: "ExternalName", externalName: "example.com", ports: [] });
    expect(external.spec).not.toHaveProperty("clusterIP");
    const balanced = await create(server, "balanced", { type: "LoadBalancer", externalTrafficPolicy: "Local" });
    const { healthCheckNodePort = 0, ports = [] } = balanced.spec ?? {};
    expect(healthCheckNodePort).toBeGreaterThanOrEqual(30_086);
    expect(ports[0]?.nodePort).not.toBe(healthCheckNodePort);
    const dns = await create(server, "dns", {
      type: "NodePort",
      ports: [
        { name: "u", port: 53, protocol: "UDP" },
        { name: "t", port: 53 },
      ],
    });
    expect(dns.spec?.ports?.[0]?.nodePort).toBe(dns.spec?.ports?.[1]?.nodePort);
  });
});
