import type { Environment } from "@marcbachmann/cel-js";
import { isIP } from "node:net";
import { decodeIpAddress, encodeIpAddress } from "../../pki/ip-address.ts";

/** An IP address. IPv4-mapped IPv6 addresses and zones are refused, as upstream has it. */
class IpAddress {
  readonly bytes: Uint8Array;

  constructor(text: string) {
    if (isIP(text) === 0 || text.includes("%")) throw new Error(`IP Address "${text}" parse error`);
    this.bytes = encodeIpAddress(text);
    if (
      this.bytes.length === 16 &&
      this.bytes.subarray(0, 10).every((byte) => byte === 0) &&
      this.bytes[10] === 0xff &&
      this.bytes[11] === 0xff
    ) {
      throw new Error("IPv4-mapped IPv6 address is not allowed");
    }
  }

  get family(): bigint {
    return this.bytes.length === 4 ? 4n : 6n;
  }

  toString(): string {
    return decodeIpAddress(this.bytes);
  }
}

class Cidr {
  readonly address: IpAddress;
  readonly prefixLength: number;

  constructor(text: string) {
    const [address = "", length = "", ...rest] = text.split("/");
    this.address = new IpAddress(address);
    this.prefixLength = Number(length);
    const valid = rest.length === 0 && /^(0|[1-9]\d*)$/.test(length) && this.prefixLength <= this.address.bytes.length * 8;
    if (!valid) throw new Error(`CIDR "${text}" parse error`);
  }

  contains(address: IpAddress, bits = this.prefixLength): boolean {
    if (address.bytes.length !== this.address.bytes.length) return false;
    return this.address.bytes.every((byte, index) => {
      const kept = Math.max(0, Math.min(8, bits - index * 8));
      const mask = (0xff << (8 - kept)) & 0xff;
      return (byte & mask) === ((address.bytes[index] ?? 0) & mask);
    });
  }

  masked(): Cidr {
    const bytes = this.address.bytes.map((byte, index) => byte & (0xff << (8 - Math.max(0, Math.min(8, this.prefixLength - index * 8)))));
    return new Cidr(`${decodeIpAddress(bytes)}/${this.prefixLength}`);
  }

  toString(): string {
    return `${this.address.toString()}/${this.prefixLength}`;
  }
}

/** The namespace `ip` of functions. */
class IpNamespace {
  readonly name = "ip";
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

const startsWith = (address: IpAddress, ...bytes: number[]): boolean => bytes.every((byte, index) => address.bytes[index] === byte);

function isLoopback(address: IpAddress): boolean {
  return address.family === 4n ? startsWith(address, 127) : address.bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

function isLinkLocalUnicast(address: IpAddress): boolean {
  return address.family === 4n ? startsWith(address, 169, 254) : startsWith(address, 0xfe) && ((address.bytes[1] ?? 0) & 0xc0) === 0x80;
}

function isLinkLocalMulticast(address: IpAddress): boolean {
  return address.family === 4n ? startsWith(address, 224, 0, 0) : startsWith(address, 0xff) && ((address.bytes[1] ?? 0) & 0x0f) === 2;
}

function isMulticast(address: IpAddress): boolean {
  return address.family === 4n ? ((address.bytes[0] ?? 0) & 0xf0) === 0xe0 : startsWith(address, 0xff);
}

function isGlobalUnicast(address: IpAddress): boolean {
  const isBroadcast = address.family === 4n && address.bytes.every((byte) => byte === 0xff);
  const isUnspecified = address.bytes.every((byte) => byte === 0);
  return !isBroadcast && !isUnspecified && !isLoopback(address) && !isMulticast(address) && !isLinkLocalUnicast(address);
}

/** Kubernetes' functions on IP addresses and CIDRs: `cidr("10.0.0.0/8").containsIP("10.1.2.3")`. */
export function addAddressLibrary(environment: Environment): void {
  const [ip, cidr] = ["net.IP", "net.CIDR"];
  environment
    .registerType(ip, { ctor: IpAddress, fields: {} })
    .registerType(cidr, { ctor: Cidr, fields: {} })
    .registerType("kubernetes.IPNamespace", { ctor: IpNamespace, fields: {} })
    .registerConstant("ip", "kubernetes.IPNamespace", new IpNamespace())
    .registerFunction(`ip(string): ${ip}`, (text: string) => new IpAddress(text))
    .registerFunction("isIP(string): bool", (text: string) => parses(() => new IpAddress(text)))
    .registerFunction(
      "kubernetes.IPNamespace.isCanonical(string): bool",
      (_ip: IpNamespace, text: string) => new IpAddress(text).toString() === text,
    )
    .registerFunction(`${ip}.family(): int`, (address: IpAddress) => address.family)
    .registerFunction(`${ip}.isUnspecified(): bool`, (address: IpAddress) => address.bytes.every((byte) => byte === 0))
    .registerFunction(`${ip}.isLoopback(): bool`, isLoopback)
    .registerFunction(`${ip}.isLinkLocalMulticast(): bool`, isLinkLocalMulticast)
    .registerFunction(`${ip}.isLinkLocalUnicast(): bool`, isLinkLocalUnicast)
    .registerFunction(`${ip}.isGlobalUnicast(): bool`, isGlobalUnicast)
    .registerFunction(`string(${ip}): string`, (address: IpAddress) => address.toString())
    .registerOperator(`${ip} == ${ip}`, (a: IpAddress, b: IpAddress) => a.toString() === b.toString())
    .registerFunction(`cidr(string): ${cidr}`, (text: string) => new Cidr(text))
    .registerFunction("isCIDR(string): bool", (text: string) => parses(() => new Cidr(text)))
    .registerFunction(`${cidr}.containsIP(string): bool`, (range: Cidr, text: string) => range.contains(new IpAddress(text)))
    .registerFunction(`${cidr}.containsIP(${ip}): bool`, (range: Cidr, address: IpAddress) => range.contains(address))
    .registerFunction(`${cidr}.containsCIDR(string): bool`, (range: Cidr, text: string) => containsCidr(range, new Cidr(text)))
    .registerFunction(`${cidr}.containsCIDR(${cidr}): bool`, containsCidr)
    .registerFunction(`${cidr}.ip(): ${ip}`, (range: Cidr) => range.address)
    .registerFunction(`${cidr}.masked(): ${cidr}`, (range: Cidr) => range.masked())
    .registerFunction(`${cidr}.prefixLength(): int`, (range: Cidr) => BigInt(range.prefixLength))
    .registerFunction(`string(${cidr}): string`, (range: Cidr) => range.toString())
    .registerOperator(`${cidr} == ${cidr}`, (a: Cidr, b: Cidr) => a.toString() === b.toString());
}

function containsCidr(range: Cidr, other: Cidr): boolean {
  return range.prefixLength <= other.prefixLength && range.contains(other.address);
}
