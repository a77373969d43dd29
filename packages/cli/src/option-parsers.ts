import { parseDuration } from "@skiff/base";
import { CLUSTER_NAME, type RuntimeChoice, type StoreChoice } from "@skiff/cluster";
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
