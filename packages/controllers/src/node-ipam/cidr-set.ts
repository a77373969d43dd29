/** A range of addresses as a number: works for both families. */
interface Range {
  readonly base: bigint;
  readonly prefixBits: number;
  readonly addressBits: 32 | 128;
}

/** Thrown when no range is left. */
export class CidrsExhaustedError extends Error {
  override readonly name = "CidrsExhaustedError";
}

/** Hands out equal parts of a range (a cluster's CIDR), the lowest free one first, going on where it stopped. */
export class CidrSet {
  readonly #cluster: Range;
  readonly #nodeBits: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** `nodeMaskBits` is the prefix length of the parts: 24 gives 256 addresses each in IPv4. Errors: RangeError when it does not fit. */
  constructor(clusterCidr: string, nodeMaskBits: number) {
    this.#cluster = parseCidr(clusterCidr);
    this.#nodeBits = nodeMaskBits;
    const bits = nodeMaskBits - this.#cluster.prefixBits;
    if (bits < 0 || bits > 16 || nodeMaskBits > this.#cluster.addressBits) {
      throw new RangeError(`node ranges of /${nodeMaskBits} do not fit the cluster's range ${clusterCidr} (at most 65,536 of them)`);
    }
  }

  get #count(): number {
    return 2 ** (this.#nodeBits - this.#cluster.prefixBits);
  }

  /** Takes a free part. Errors: {@link CidrsExhaustedError}. */
  allocate(): string {
    for (let tried = 0; tried < this.#count; tried++) {
      const index = (this.#next + tried) % this.#count;
      if (this.#used.has(index)) continue;
      this.#used.add(index);
      this.#next = (index + 1) % this.#count;
      return this.#format(index);
    }
    throw new CidrsExhaustedError("all ranges for nodes are in use");
  }

  /** Marks the parts that `cidr` covers as taken. A range outside ours is not our business. */
  occupy(cidr: string): void {
    for (const index of this.#indexes(cidr)) this.#used.add(index);
  }

  release(cidr: string): void {
    for (const index of this.#indexes(cidr)) this.#used.delete(index);
  }

  *#indexes(cidr: string): Iterable<number> {
    const range = parseCidr(cidr);
    if (range.addressBits !== this.#cluster.addressBits) return;
    const shift = BigInt(this.#cluster.addressBits - this.#nodeBits);
    const last = range.base + (1n << BigInt(range.addressBits - range.prefixBits)) - 1n;
    const from = (range.base - this.#cluster.base) >> shift;
    const to = (last - this.#cluster.base) >> shift;
    for (let index = from < 0n ? 0n : from; index <= to && index < BigInt(this.#count); index++) yield Number(index);
  }

  #format(index: number): string {
    const { base, addressBits } = this.#cluster;
    const address = base + (BigInt(index) << BigInt(addressBits - this.#nodeBits));
    return `${addressBits === 32 ? formatIpv4(address) : formatIpv6(address)}/${this.#nodeBits}`;
  }
}

function parseCidr(cidr: string): Range {
  const [address = "", length = ""] = cidr.split("/");
  const addressBits = address.includes(":") ? 128 : 32;
  const prefixBits = Number(length);
  const value = addressBits === 32 ? parseIpv4(address) : parseIpv6(address);
  if (value === undefined || !/^\d{1,3}$/.test(length) || prefixBits > addressBits)
    throw new RangeError(`${cidr} is not a range of addresses`);
  const hostBits = BigInt(addressBits - prefixBits);
  return { base: (value >> hostBits) << hostBits, prefixBits, addressBits };
}

function parseIpv4(address: string): bigint | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(address: string): bigint | undefined {
  const halves = address.split("::");
  if (halves.length > 2) return undefined;
  const groups = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const [head, tail] = [groups(halves[0]), groups(halves[1])];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function formatIpv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");
}

/** The shortest form (RFC 5952). */
function formatIpv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  let longest = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > longest.length) longest = { start, length };
  }
  if (longest.start < 0) return groups.join(":");
  return `${groups.slice(0, longest.start).join(":")}::${groups.slice(longest.start + longest.length).join(":")}`;
}
