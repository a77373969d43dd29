/** A range of IPv4 addresses. */
interface Ipv4Range {
  /** The first address, as a number. */
  readonly base: number;
  /** The length of the prefix. */
  readonly bits: number;
}

/** Errors: throws a `RangeError` for what is not an IPv4 range such as `10.244.0.0/24`. */
export function parseIpv4Range(cidr: string): Ipv4Range {
  const [, address = "", bitsText = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr) ?? [];
  const octets = address.split(".").map(Number);
  const bits = Number(bitsText);
  if (address === "" || bits > 32 || octets.some((octet) => octet > 255))
    throw new RangeError(`"${cidr}" is not an IPv4 range such as 10.244.0.0/24`);
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { base: value - (value % 2 ** (32 - bits)), bits };
}

/**
 * The address at `offset` of a range, in dotted form.
 *
 * Errors: throws a `RangeError` when the range has no such address.
 */
export function addressAt({ base, bits }: Ipv4Range, offset: number): string {
  if (offset >= 2 ** (32 - bits)) throw new RangeError(`a /${bits} range has no address number ${offset}`);
  const value = base + offset;
  return [value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value].map((part) => Math.floor(part) % 256).join(".");
}
