import type { EndpointSlice, Service } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { isIpv4, serviceEntries } from "./service-port.ts";

const service: Service = {
  metadata: { name: "web", namespace: "default" },
  spec: { clusterIP: "10.96.0.9", clusterIPs: ["10.96.0.9"], ports: [{ name: "http", port: 80, protocol: "TCP", nodePort: 30080 }] },
};

type Conditions = { ready?: boolean; serving?: boolean; terminating?: boolean };

function slice(...endpoints: [ip: string, node: string, conditions: Conditions][]): EndpointSlice {
  return {
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: endpoints.map(([ip, nodeName, conditions]) => ({ addresses: [ip], nodeName, conditions })),
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  };
}

function destinations(spec: Partial<Service["spec"]>, ...endpoints: Parameters<typeof slice>): { internal: string[]; external: string[] } {
  const [entry] = serviceEntries([{ ...service, spec: { ...service.spec, ...spec } }], [slice(...endpoints)], "here");
  const text = (list: readonly { ip: string; port: number }[] = []): string[] => list.map(({ ip, port }) => `${ip}:${port}`);
  return { internal: text(entry?.internalDestinations), external: text(entry?.externalDestinations) };
}

describe("where connections to a Service go", () => {
  it.each<[string, Partial<Service["spec"]>, Parameters<typeof slice>, string[], string[]]>([
    [
      "ready endpoints only",
      {},
      [
        ["10.1.0.1", "here", { ready: true }],
        ["10.1.0.2", "there", { ready: false }],
      ],
      ["10.1.0.1:8080"],
      ["10.1.0.1:8080"],
    ],
    ["endpoints without conditions are ready", {}, [["10.1.0.1", "here", {}]], ["10.1.0.1:8080"], ["10.1.0.1:8080"]],
    [
      "draining endpoints when nothing is ready",
      {},
      [
        ["10.1.0.1", "here", { ready: false, serving: true, terminating: true }],
        ["10.1.0.2", "there", { ready: false, serving: false, terminating: true }],
      ],
      ["10.1.0.1:8080"],
      ["10.1.0.1:8080"],
    ],
    [
      "no draining endpoint while another is ready",
      {},
      [
        ["10.1.0.1", "here", { ready: false, serving: true, terminating: true }],
        ["10.1.0.2", "there", { ready: true }],
      ],
      ["10.1.0.2:8080"],
      ["10.1.0.2:8080"],
    ],
    [
      "the node's own for outside traffic with policy Local",
      { externalTrafficPolicy: "Local" },
      [
        ["10.1.0.1", "here", {}],
        ["10.1.0.2", "there", {}],
      ],
      ["10.1.0.1:8080", "10.1.0.2:8080"],
      ["10.1.0.1:8080"],
    ],
    [
      "the node's own for inside traffic with policy Local",
      { internalTrafficPolicy: "Local" },
      [
        ["10.1.0.1", "here", {}],
        ["10.1.0.2", "there", {}],
      ],
      ["10.1.0.1:8080"],
      ["10.1.0.1:8080", "10.1.0.2:8080"],
    ],
  ])("%s", (_what, spec, endpoints, internal, external) => {
    expect(destinations(spec, ...endpoints)).toEqual({ internal, external });
  });

  it("are all equally near to the machine beside the nodes, which has no node ports", () => {
    const policies = { externalTrafficPolicy: "Local", internalTrafficPolicy: "Local" };
    const endpoints = slice(["10.1.0.1", "here", {}], ["10.1.0.2", "there", {}]);
    const [entry] = serviceEntries([{ ...service, spec: { ...service.spec, ...policies } }], [endpoints], undefined);
    expect([entry?.internalDestinations.length, entry?.externalDestinations.length]).toEqual([2, 2]);
    expect(entry).toMatchObject({ externalLocal: true, nodePort: undefined });
  });

  it("knows no entry for headless and external Services", () => {
    const headless: Service = { ...service, spec: { ...service.spec, clusterIP: "None", clusterIPs: ["None"] } };
    const external: Service = { ...service, spec: { type: "ExternalName", externalName: "example.com", ports: service.spec?.ports } };
    expect(serviceEntries([headless, external], [], "here")).toEqual([]);
  });

  it("takes the endpoints of the port by name and protocol", () => {
    const two: Service = {
      ...service,
      spec: {
        ...service.spec,
        ports: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "http", port: 80, protocol: "UDP" },
        ],
      },
    };
    expect(serviceEntries([two], [slice(["10.1.0.1", "here", {}])], "here").map((entry) => entry.withoutEndpoints)).toEqual([true, true]);
  });

  it.each([
    ["10.0.0.1", true],
    ["255.255.255.255", true],
    ["010.0.0.1", false],
    ["10.0.0.256", false],
    ["10.0.0", false],
    ["10.0.0.1.", false],
    ["::1", false],
    ["10.0.0.1; drop", false],
  ])("%s is an IPv4 address: %s", (text, expected) => {
    expect(isIpv4(text)).toBe(expected);
  });
});
