import type { Endpoint, EndpointSlice, Service } from "@skiff/api";
import type { Answer, RecordType } from "dns-packet";
import { serviceOfSlice, type ClusterRecords } from "./cluster-records.ts";

/** One question: a name and a type. */
export interface Question {
  /** Without the last dot; letter case does not matter. */
  readonly name: string;
  readonly type: RecordType | "ANY";
}

/** How a question about the cluster is answered. */
export type ClusterAnswer =
  | { readonly type: "records"; readonly answers: readonly Answer[]; readonly additionals: readonly Answer[] }
  /** The name exists, and has no record of that type. */
  | { readonly type: "noData" }
  | { readonly type: "noSuchName" }
  /** An alias that leads out of the cluster: the rest must be asked elsewhere. */
  | { readonly type: "alias"; readonly record: Answer; readonly target: string }
  /** Not a name of the cluster. */
  | { readonly type: "foreign" };

/** How long clients may keep an answer, in seconds: short, because Pods come and go. */
export const TTL_SECONDS = 5;
const NO_SUCH_NAME: ClusterAnswer = { type: "noSuchName" };
const NO_DATA: ClusterAnswer = { type: "noData" };

/**
 * Answers a question about Services and Pods by the rules of the Kubernetes DNS specification (1.1.0). `domain` is the
 * cluster's, without dots around it.
 */
export function answer(question: Question, records: ClusterRecords, domain: string): ClusterAnswer {
  const name = question.name.toLowerCase();
  if (name.endsWith(".in-addr.arpa")) return reverse(name, question.type, records, domain);
  if (name !== domain && !name.endsWith(`.${domain}`)) return { type: "foreign" };
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split(".");
  const kind = labels.at(-1);
  if (kind === undefined) return NO_DATA;
  if (kind === "dns-version" && labels.length === 1)
    return ofType(question, "TXT", [{ name: question.name, type: "TXT", ttl: TTL_SECONDS, data: "1.1.0" }]);
  if (kind === "svc") return serviceAnswer(question, labels.slice(0, -1), records, domain);
  if (kind === "pod") return podAnswer(question, labels.slice(0, -1));
  return NO_SUCH_NAME;
}

function serviceAnswer(question: Question, labels: readonly string[], records: ClusterRecords, domain: string): ClusterAnswer {
  const namespace = labels.at(-1);
  const serviceName = labels.at(-2);
  if (namespace === undefined) return NO_DATA;
  if (serviceName === undefined) return records.hasNamespace(namespace) ? NO_DATA : NO_SUCH_NAME;
  const service = records.service(namespace, serviceName);
  if (service === undefined) return NO_SUCH_NAME;
  const prefix = labels.slice(0, -2);
  if (service.spec?.type === "ExternalName") return prefix.length > 0 ? NO_SUCH_NAME : externalName(question, service);
  const own = `${serviceName}.${namespace}.svc.${domain}`;
  if (prefix.length === 2 && prefix[0]?.startsWith("_") && prefix[1]?.startsWith("_")) {
    return portAnswer(question, service, prefix[0].slice(1), prefix[1].slice(1), records, own);
  }
  if (!isHeadless(service))
    return prefix.length > 0 ? NO_SUCH_NAME : ofType(question, "A", addressRecords(question.name, clusterIps(service)));
  const endpoints = readyEndpoints(service, records);
  if (prefix.length === 0) {
    // A Service without a ready endpoint exists all the same: no data rather than no such name.
    if (question.type === "SRV") return allPorts(question, service, records, own);
    return ofType(
      question,
      "A",
      addressRecords(
        question.name,
        endpoints.flatMap(({ endpoint }) => endpoint.addresses),
      ),
    );
  }
  if (prefix.length > 1) return NO_SUCH_NAME;
  const named = endpoints.filter(({ endpoint }) => endpointLabel(endpoint) === prefix[0] || endpoint.hostname === prefix[0]);
  if (named.length === 0) return NO_SUCH_NAME;
  return ofType(
    question,
    "A",
    addressRecords(
      question.name,
      named.flatMap(({ endpoint }) => endpoint.addresses),
    ),
  );
}

function externalName(question: Question, service: Service): ClusterAnswer {
  const target = (service.spec?.externalName ?? "").replace(/\.$/, "");
  const record: Answer = { name: question.name, type: "CNAME", ttl: TTL_SECONDS, data: target };
  return question.type === "CNAME" ? { type: "records", answers: [record], additionals: [] } : { type: "alias", record, target };
}

function podAnswer(question: Question, labels: readonly string[]): ClusterAnswer {
  if (labels.length !== 2) return labels.length < 2 ? NO_DATA : NO_SUCH_NAME;
  const [dashed = "", namespace = ""] = labels;
  const ip = dashed.replaceAll("-", ".");
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(ip) || ip.split(".").some((part) => Number(part) > 255) || namespace === "") return NO_SUCH_NAME;
  return ofType(question, "A", addressRecords(question.name, [ip]));
}

function portAnswer(
  question: Question,
  service: Service,
  port: string,
  transport: string,
  records: ClusterRecords,
  own: string,
): ClusterAnswer {
  const found = serviceRecords(
    question.name,
    service,
    records,
    own,
    (candidate) => candidate.name === port && candidate.transport === transport,
  );
  if (found.answers.length === 0) return NO_SUCH_NAME;
  return question.type === "SRV" || question.type === "ANY" ? found : NO_DATA;
}

function allPorts(question: Question, service: Service, records: ClusterRecords, own: string): ClusterAnswer {
  const found = serviceRecords(question.name, service, records, own, () => true);
  return found.answers.length === 0 ? NO_DATA : found;
}

interface PortTarget {
  readonly name: string;
  readonly transport: string;
  readonly port: number;
  readonly target: string;
  readonly ips: readonly string[];
}

function serviceRecords(
  name: string,
  service: Service,
  records: ClusterRecords,
  own: string,
  matches: (candidate: PortTarget) => boolean,
): { type: "records"; answers: Answer[]; additionals: Answer[] } {
  const targets = portTargets(service, records, own).filter(matches);
  const weight = Math.max(1, Math.floor(100 / Math.max(1, targets.length)));
  const answers = targets.map((target): Answer => ({
    name,
    type: "SRV",
    ttl: TTL_SECONDS,
    data: { priority: 0, weight, port: target.port, target: target.target },
  }));
  const additionals = new Map(
    targets.flatMap((target) => target.ips.map((ip) => [`${target.target} ${ip}`, addressRecord(target.target, ip)] as const)),
  );
  return { type: "records", answers, additionals: [...additionals.values()] };
}

function portTargets(service: Service, records: ClusterRecords, own: string): PortTarget[] {
  if (!isHeadless(service)) {
    return (service.spec?.ports ?? []).map((port) => ({
      name: port.name ?? "",
      transport: (port.protocol ?? "TCP").toLowerCase(),
      port: port.port,
      target: own,
      ips: clusterIps(service),
    }));
  }
  return readyEndpoints(service, records).flatMap(({ endpoint, slice }) =>
    (slice.ports ?? []).flatMap((port) =>
      typeof port.port === "number"
        ? [
            {
              name: port.name ?? "",
              transport: (port.protocol ?? "TCP").toLowerCase(),
              port: port.port,
              target: `${endpointLabel(endpoint)}.${own}`,
              ips: endpoint.addresses,
            },
          ]
        : [],
    ),
  );
}

function reverse(name: string, type: Question["type"], records: ClusterRecords, domain: string): ClusterAnswer {
  const ip = name.slice(0, -".in-addr.arpa".length).split(".").reverse().join(".");
  const service = records.serviceAt(ip);
  const names = new Set<string>();
  if (service !== undefined) names.add(`${service.metadata?.name}.${service.metadata?.namespace}.svc.${domain}`);
  for (const slice of service === undefined ? records.slicesAt(ip) : []) {
    const owner = serviceOfSlice(slice);
    const headless = records.service(owner.namespace, owner.name);
    if (headless === undefined || !isHeadless(headless)) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.addresses.includes(ip) && isReady(endpoint))
        names.add(`${endpointLabel(endpoint)}.${owner.name}.${owner.namespace}.svc.${domain}`);
    }
  }
  if (names.size === 0) return { type: "foreign" };
  const answers = [...names].sort().map((data): Answer => ({ name, type: "PTR", ttl: TTL_SECONDS, data }));
  return type === "PTR" || type === "ANY" ? { type: "records", answers, additionals: [] } : NO_DATA;
}

function readyEndpoints(service: Service, records: ClusterRecords): { endpoint: Endpoint; slice: EndpointSlice }[] {
  const slices = records
    .slices(service.metadata?.namespace ?? "", service.metadata?.name ?? "")
    .filter((slice) => slice.addressType === "IPv4");
  return slices.flatMap((slice) => (slice.endpoints ?? []).filter(isReady).map((endpoint) => ({ endpoint, slice })));
}

function isReady(endpoint: Endpoint): boolean {
  return endpoint.conditions?.ready ?? true;
}

/** The name of one endpoint: its Pod's hostname, or its address with dashes. */
function endpointLabel(endpoint: Endpoint): string {
  return endpoint.hostname ?? (endpoint.addresses[0] ?? "").replaceAll(".", "-");
}

function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === "None";
}

function clusterIps(service: Service): string[] {
  return (service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ""]).filter((ip) => ip.includes("."));
}

function addressRecords(name: string, ips: readonly string[]): Answer[] {
  return [...new Set(ips)].map((ip) => addressRecord(name, ip));
}

function addressRecord(name: string, ip: string): Answer {
  return { name, type: "A", ttl: TTL_SECONDS, data: ip };
}

function ofType(question: Question, type: RecordType, answers: readonly Answer[]): ClusterAnswer {
  if (answers.length === 0 || (question.type !== type && question.type !== "ANY")) return NO_DATA;
  return { type: "records", answers, additionals: [] };
}
