/** A range of IPv4 addresses: its first address as a number, and the length of its prefix. */
interface Block {
  readonly base: number;
  readonly bits: number;
}

/** `undefined` for what is no IPv4 range. */
function parseBlock(cidr: string): Block | undefined {
  const [, address = "", length = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr) ?? [];
  const octets = address.split(".").map(Number);
  const bits = Number(length);
  if (address === "" || bits > 32 || octets.some((octet) => octet > 255)) return undefined;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { base: value - (value % 2 ** (32 - bits)), bits };
}

function contains(outer: Block, inner: Block): boolean {
  return outer.bits <= inner.bits && inner.base - (inner.base % 2 ** (32 - outer.bits)) === outer.base;
}

function blockText({ base, bits }: Block): string {
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${bits}`;
}

/**
 * The match of an `ipBlock` as nftables writes it, for example `ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16 }`. `undefined`
 * for ranges of the other family, which no packet here has. Exceptions that lie in another one are left out: the kernel
 * refuses sets whose elements overlap.
 */
export function blockMatch(address: "ip saddr" | "ip daddr", cidr: string, except: readonly string[]): string | undefined {
  const block = parseBlock(cidr);
  if (block === undefined) return undefined;
  const holes = except.flatMap((each) => parseBlock(each) ?? []).sort((a, b) => a.bits - b.bits || a.base - b.base);
  const widest = holes.filter((hole, index) => !holes.slice(0, index).some((other) => contains(other, hole)));
  const inside = block.bits === 0 ? "" : `${address} ${blockText(block)}`;
  const outside = widest.length === 0 ? "" : `${address} != { ${widest.map(blockText).join(", ")} }`;
  return [inside, outside].filter((part) => part !== "").join(" ");
}
