import { assert } from "@skiff/base";
import { ipFamily, isIpAddress } from "@skiff/api";

/** More addresses of a range than these are never given out, so that an allocator's work and memory are bounded. */
const MAX_ADDRESSES = 2 ** 24;

/** The addresses of a CIDR that can be given to Services, as numbers from 0 on. */
export class AddressRange {
  /** As it was given: `10.96.0.0/16`. */
  readonly cidr: string;
  readonly family: "IPv4" | "IPv6";
  /** How many addresses there are; without the first one (the network), and for IPv4 without the last (broadcast). */
  readonly size: number;
  readonly #first: bigint;

  /** Errors: throws when `cidr` is no CIDR. */
  constructor(cidr: string) {
    const [address = "", prefix = ""] = cidr.split("/");
    const family = address.includes(":") ? "IPv6" : "IPv4";
    const bits = family === "IPv4" ? 32 : 128;
    const length = Number(prefix);
    if (!isIpAddress(address) || !/^\d{1,3}$/.test(prefix) || length > bits) throw new Error(`"${cidr}" is not a CIDR`);
    const hostBits = BigInt(bits - length);
    const network = (addressToNumber(address) >> hostBits) << hostBits;
    const count = 2n ** hostBits - (family === "IPv4" ? 2n : 1n);
    this.cidr = cidr;
    this.family = family;
    this.#first = network + 1n;
    this.size = count > BigInt(MAX_ADDRESSES) ? MAX_ADDRESSES : Math.max(0, Number(count));
  }

  /** The address with that number. */
  address(index: number): string {
    assert(index >= 0 && index < this.size, `the range ${this.cidr} has no address ${index}`);
    return numberToAddress(this.#first + BigInt(index), this.family);
  }

  /** The number of an address, or `undefined` when it is not in the range. */
  indexOf(address: string): number | undefined {
    if (!isIpAddress(address) || ipFamily(address) !== this.family) return undefined;
    const index = addressToNumber(address) - this.#first;
    return index < 0n || index >= BigInt(this.size) ? undefined : Number(index);
  }
}

/** Any spelling of a valid address as a number. */
function addressToNumber(address: string): bigint {
  if (!address.includes(":")) return address.split(".").reduce((number, part) => number * 256n + BigInt(part), 0n);
  const [head = "", tail] = address.split("::");
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array.from({ length: Math.max(0, zeros) }, () => 0n), ...back];
  return groups.reduce((number, group) => number * 65_536n + group, 0n);
}

/** Groups of 16 bits; a dotted IPv4 tail is two of them. */
function groupsOf(text: string): bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [BigInt(`0x${group}`)];
    const number = addressToNumber(group);
    return [number >> 16n, number & 0xffffn];
  });
}

/** The canonical text (RFC 5952 for IPv6). */
function numberToAddress(number: bigint, family: "IPv4" | "IPv6"): string {
  if (family === "IPv4") return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 0xffn)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => Number((number >> BigInt(16 * (7 - index))) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}
