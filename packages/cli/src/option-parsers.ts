import { isIPv4 } from "node:net";
import { parseBootstrapToken, type TokenParts } from "@skiff/api";
import { parseDuration } from "@skiff/base";
import { AUTHORITY_HASH, CLUSTER_NAME, type RegistryMirror, type RuntimeChoice, type StoreChoice } from "@skiff/cluster";
import { InvalidArgumentError } from "commander";

/** `--name`. */
export function parseClusterName(text: string): string {
  if (!CLUSTER_NAME.test(text))
    throw new InvalidArgumentError("Use at most 20 lower-case letters, digits and dashes, beginning with a letter.");
  return text;
}

/** `--nodes`. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("Use a whole number from 1 on.");
  return Number(text);
}

/** `--api-port`. */
export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) throw new InvalidArgumentError("Use a number from 1 to 65535.");
  return Number(text);
}

/** `--load-balancer-pool`: an IPv4 range of 1 to 65,536 addresses, by its first one. */
export function parsePool(text: string): string {
  const [, address = "", bits = ""] = /^([\d.]+)\/(\d\d)$/.exec(text) ?? [];
  const octets = address.split(".").map(Number);
  const size = 2 ** (32 - Number(bits));
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  if (!isIPv4(address) || Number(bits) < 16 || Number(bits) > 32 || number % size !== 0)
    throw new InvalidArgumentError("Use an IPv4 range such as 10.172.0.0/24, from /16 to /32.");
  return text;
}

/** `--runtime`; `auto` leaves the choice to the machine. */
export function parseRuntime(text: string): RuntimeChoice | undefined {
  if (text === "auto") return undefined;
  if (text === "containerd" || text === "simulated") return text;
  throw new InvalidArgumentError("Use auto, containerd or simulated.");
}

/** `--store`. */
export function parseStore(text: string): StoreChoice {
  if (text === "lmdb" || text === "memory") return { type: text };
  const endpoints = /^etcd=(.+)$/.exec(text)?.[1]?.split(",") ?? [];
  if (endpoints.length > 0 && endpoints.every((endpoint) => /^https?:\/\/[^/]+\/?$/.test(endpoint))) return { type: "etcd", endpoints };
  throw new InvalidArgumentError("Use lmdb, memory, or etcd=https://HOST:2379,…");
}

/** `--wait`, in milliseconds. */
export function parseWait(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError("Use a duration such as 90s or 5m.");
  }
}

/** `--registry-mirror`, which may be repeated: the mirrors so far and one more. */
export function parseRegistryMirror(text: string, before: readonly RegistryMirror[] | undefined): readonly RegistryMirror[] {
  const [, registry, endpoint] = /^([^=\s]+)=(https?:\/\/[^\s]+)$/.exec(text) ?? [];
  if (registry === undefined || endpoint === undefined)
    throw new InvalidArgumentError("Use REGISTRY=URL, such as docker.io=http://127.0.0.1:5000; * stands for every registry.");
  return [...(before ?? []), { registry, endpoints: [endpoint] }];
}

/** An address of this machine, for `--advertise-address` and `--node-ip`. */
export function parseIpv4(text: string): string {
  if (!isIPv4(text)) throw new InvalidArgumentError("Use an IPv4 address such as 192.168.1.10.");
  return text;
}

/** A token by which machines join. */
export function parseToken(text: string): TokenParts {
  const token = parseBootstrapToken(text);
  if (token === undefined) throw new InvalidArgumentError("Use a token such as abcdef.0123456789abcdef.");
  return token;
}

/** `--ttl`, in milliseconds; 0 means for ever. */
export function parseTtl(text: string): number {
  const ttlMs = parseWait(text);
  if (ttlMs < 0) throw new InvalidArgumentError("Use a duration such as 24h; 0 for a token that does not expire.");
  return ttlMs;
}

/** `--discovery-token-ca-cert-hash`, which may be repeated: the hashes so far and one more. */
export function parseAuthorityHash(text: string, before: readonly string[] | undefined): readonly string[] {
  const hash = text.toLowerCase();
  if (!AUTHORITY_HASH.test(hash)) throw new InvalidArgumentError("Use sha256: and 64 hexadecimal digits.");
  return [...(before ?? []), hash];
}

/** Where an API server is: `HOST:PORT`. */
export function parseEndpoint(text: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^(?:https:\/\/)?([a-z0-9.-]+):(\d{1,5})\/?$/i.exec(text) ?? [];
  if (host === "" || Number(port) < 1 || Number(port) > 65_535) throw new InvalidArgumentError("Use HOST:PORT, such as 192.168.1.10:6443.");
  return { host, port: Number(port) };
}
