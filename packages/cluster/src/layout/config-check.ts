import { CLUSTER_NAME, type ClusterConfig } from "./cluster-config.ts";
import type { NetworkPlan } from "./network-plan.ts";

type Fields = Readonly<Record<string, unknown>>;

const CIDR = /^\d+\.\d+\.\d+\.\d+\/\d+$/;
const IP = /^\d+\.\d+\.\d+\.\d+$/;
const DNS_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** True when `value`, which was read from a file that may hold anything, is a whole description of a cluster. */
export function isClusterConfig(value: unknown): value is ClusterConfig {
  if (!isObject(value)) return false;
  const { name, createdAt, nodes, runtime, store, network, apiPort, serverUser, address, joined } = value;
  return (
    matches(CLUSTER_NAME, name) &&
    typeof createdAt === "string" &&
    Array.isArray(nodes) &&
    nodes.length > 0 &&
    nodes.every((node) => matches(DNS_NAME, node)) &&
    (runtime === "containerd" || runtime === "simulated") &&
    isStore(store) &&
    isNetwork(network) &&
    isWhole(apiPort, 1, 65_535) &&
    (serverUser === undefined || isWhole(serverUser, 1, 2 ** 31)) &&
    (address === undefined || matches(IP, address)) &&
    (joined === undefined || isHttpsUrl(joined))
  );
}

function isStore(value: unknown): boolean {
  if (!isObject(value)) return false;
  if (value.type !== "etcd") return value.type === "lmdb" || value.type === "memory";
  return Array.isArray(value.endpoints) && value.endpoints.every((endpoint) => typeof endpoint === "string");
}

function isHttpsUrl(value: unknown): boolean {
  return typeof value === "string" && URL.canParse(value) && new URL(value).protocol === "https:";
}

/** True when `value`, which may be anything, is the address plan of a cluster. */
export function isNetwork(value: unknown): value is NetworkPlan {
  if (!isObject(value)) return false;
  const ranges = [value.clusterCidr, value.serviceCidr, value.nodeCidr];
  return (
    ranges.every((range) => matches(CIDR, range)) &&
    [value.apiServiceIp, value.dnsServiceIp].every((address) => matches(IP, address)) &&
    isWhole(value.nodeMaskBits, 1, 32) &&
    matches(DNS_NAME, value.clusterDomain)
  );
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function matches(pattern: RegExp, value: unknown): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}
