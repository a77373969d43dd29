import { networkInterfaces } from "node:os";
import { UserError } from "../user-error.ts";

/** An IPv4 network as its first address and the number of fixed bits. */
interface Network {
  readonly base: number;
  readonly bits: number;
}

function ipv4Number(ip: string): number {
  return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function parseCidr(cidr: string): Network {
  const [ip = "", bits = "32"] = cidr.split("/");
  return { base: ipv4Number(ip), bits: Number(bits) };
}

/** True when two networks in CIDR notation share an address. */
export function cidrsOverlap(a: string, b: string): boolean {
  const [first, second] = [parseCidr(a), parseCidr(b)];
  const size = 2 ** (32 - Math.min(first.bits, second.bits));
  return Math.floor(first.base / size) === Math.floor(second.base / size);
}

/**
 * The address under which other machines, and Pods, reach this one: the first IPv4 address that is neither loopback nor
 * on a bridge of ours; loopback when there is none.
 */
export function primaryAddress(): string {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (/^(lo|skiff|veth|cni|docker|br-|virbr)/.test(name)) continue;
    const found = addresses?.find((address) => address.family === "IPv4" && !address.internal);
    if (found !== undefined) return found.address;
  }
  return "127.0.0.1";
}

/** The IPv4 networks that this machine is part of, bridges of ours left out. */
export function machineNetworks(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !name.startsWith("skiff"))
    .flatMap(([, addresses]) =>
      (addresses ?? []).flatMap((address) => (address.family === "IPv4" && address.cidr !== null ? [address.cidr] : [])),
    );
}

/** Makes sure that `address` is one of this machine's. Errors: a {@link UserError} that names those that it has. */
export function ensureOwnAddress(address: string): void {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).flatMap((each) => (each.family === "IPv4" ? [each.address] : [])),
  );
  if (!own.includes(address)) throw new UserError(`This machine has no address ${address}.`, `It has: ${own.join(", ")}`);
}
