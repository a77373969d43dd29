import type { EndpointSlice, Service } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { answer, type ClusterAnswer, type Question } from "./answer.ts";
import type { ClusterRecords } from "./cluster-records.ts";

const services: Service[] = [
  {
    metadata: { name: "web", namespace: "shop" },
    spec: { clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ports: [{ name: "http", port: 80 }] },
  },
  { metadata: { name: "db", namespace: "shop" }, spec: { clusterIP: "None", clusterIPs: ["None"], ports: [{ name: "sql", port: 3306 }] } },
  { metadata: { name: "idle", namespace: "shop" }, spec: { clusterIP: "None", clusterIPs: ["None"] } },
  { metadata: { name: "out", namespace: "shop" }, spec: { type: "ExternalName", externalName: "example.com." } },
];
const slices: EndpointSlice[] = [
  {
    metadata: { name: "db-1", namespace: "shop", labels: { "kubernetes.io/service-name": "db" } },
    addressType: "IPv4",
    endpoints: [
      { addresses: ["10.244.0.5"], hostname: "db-0", conditions: { ready: true } },
      { addresses: ["10.244.0.6"], conditions: { ready: true } },
      { addresses: ["10.244.0.9"], hostname: "db-2", conditions: { ready: false } },
    ],
    ports: [{ name: "sql", port: 3306, protocol: "TCP" }],
  },
];
const records: ClusterRecords = {
  service: (namespace, name) => services.find((service) => service.metadata?.namespace === namespace && service.metadata.name === name),
  hasNamespace: (namespace) => namespace === "shop",
  slices: (namespace, name) =>
    slices.filter((slice) => slice.metadata?.namespace === namespace && slice.metadata.labels?.["kubernetes.io/service-name"] === name),
  serviceAt: (ip) => services.find((service) => service.spec?.clusterIP === ip),
  slicesAt: (ip) => slices.filter((slice) => (slice.endpoints ?? []).some((endpoint) => endpoint.addresses.includes(ip))),
};

function ask(name: string, type: Question["type"] = "A"): ClusterAnswer {
  return answer({ name, type }, records, "cluster.local");
}

function data(found: ClusterAnswer): unknown {
  return found.type === "records" ? found.answers.map((record) => ("data" in record ? record.data : undefined)) : found.type;
}

describe("names of the cluster", () => {
  it.each<[string, Question["type"], unknown]>([
    ["web.shop.svc.cluster.local", "A", ["10.96.0.7"]],
    ["WEB.Shop.svc.cluster.LOCAL", "A", ["10.96.0.7"]],
    ["web.shop.svc.cluster.local", "AAAA", "noData"],
    ["nobody.shop.svc.cluster.local", "A", "noSuchName"],
    ["x.web.shop.svc.cluster.local", "A", "noSuchName"],
    ["shop.svc.cluster.local", "A", "noData"],
    ["nowhere.svc.cluster.local", "A", "noSuchName"],
    ["db.shop.svc.cluster.local", "A", ["10.244.0.5", "10.244.0.6"]],
    ["db-0.db.shop.svc.cluster.local", "A", ["10.244.0.5"]],
    ["10-244-0-6.db.shop.svc.cluster.local", "A", ["10.244.0.6"]],
    ["db-2.db.shop.svc.cluster.local", "A", "noSuchName"],
    ["idle.shop.svc.cluster.local", "A", "noData"],
    ["10-1-2-3.shop.pod.cluster.local", "A", ["10.1.2.3"]],
    ["10-1-2-999.shop.pod.cluster.local", "A", "noSuchName"],
    ["dns-version.cluster.local", "TXT", ["1.1.0"]],
    ["7.0.96.10.in-addr.arpa", "PTR", ["web.shop.svc.cluster.local"]],
    ["5.0.244.10.in-addr.arpa", "PTR", ["db-0.db.shop.svc.cluster.local"]],
    ["9.0.244.10.in-addr.arpa", "PTR", "foreign"],
    ["out.shop.svc.cluster.local", "A", "alias"],
    ["out.shop.svc.cluster.local", "CNAME", ["example.com"]],
    ["example.com", "A", "foreign"],
    ["notcluster.local", "A", "foreign"],
  ])("%s %s", (name, type, expected) => {
    expect(data(ask(name, type))).toEqual(expected);
  });

  it("gives the port and the target for a named port, with the target's addresses", () => {
    const found = ask("_sql._tcp.db.shop.svc.cluster.local", "SRV");
    expect(data(found)).toEqual([
      { priority: 0, weight: 50, port: 3306, target: "db-0.db.shop.svc.cluster.local" },
      { priority: 0, weight: 50, port: 3306, target: "10-244-0-6.db.shop.svc.cluster.local" },
    ]);
    expect(found.type === "records" && found.additionals.map((record) => record.name)).toEqual([
      "db-0.db.shop.svc.cluster.local",
      "10-244-0-6.db.shop.svc.cluster.local",
    ]);
    expect(data(ask("_http._tcp.web.shop.svc.cluster.local", "SRV"))).toEqual([
      { priority: 0, weight: 100, port: 80, target: "web.shop.svc.cluster.local" },
    ]);
    expect(ask("_http._udp.web.shop.svc.cluster.local", "SRV").type).toBe("noSuchName");
  });
});
