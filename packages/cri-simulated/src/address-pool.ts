import { RuntimeError } from "@skiff/kubelet";

/** More addresses than this are never handed out from one range, however wide it is. */
const LARGEST_POOL = 1 << 16;

/**
 * Hands out the addresses of one range the way the `host-local` CNI plug-in does: one after the other, the first host
 * address left out for the gateway, an address that was given back only after all others have had their turn.
 */
export class AddressPool {
  readonly #addressAt: (offset: number) => string;
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 2;

  /**
   * `cidr` is an IPv4 or IPv6 range.
   *
   * Errors: throws a {@link RuntimeError} when it is not a range.
   */
  constructor(cidr: string) {
    const [address = "", bitsText = ""] = cidr.split("/");
    const bits = Number(bitsText);
    const v6 = address.includes(":");
    const width = v6 ? 128 : 32;
    if (!/^\d+$/.test(bitsText) || bits > width) throw new RuntimeError("INVALID_ARGUMENT", `"${cidr}" is not a range of addresses`);
    const hostBits = Math.min(16, width - bits);
    // The last address of an IPv4 range is the broadcast address.
    this.#size = Math.min(LARGEST_POOL, 2 ** hostBits) - (v6 ? 0 : 1);
    this.#addressAt = v6 ? ipv6At(address, cidr) : ipv4At(address, bits, cidr);
  }

  /** Errors: throws a {@link RuntimeError} when every address is in use. */
  take(): { readonly offset: number; readonly address: string } {
    if (this.#used.size >= this.#size - 2) throw new RuntimeError("UNKNOWN", "no IP addresses available in range set");
    while (this.#used.has(this.#next)) this.#advance();
    const offset = this.#next;
    this.#used.add(offset);
    this.#advance();
    return { offset, address: this.#addressAt(offset) };
  }

  /** Giving back what is not in use does nothing. */
  release(offset: number): void {
    this.#used.delete(offset);
  }

  #advance(): void {
    this.#next = this.#next + 1 < this.#size ? this.#next + 1 : 2;
  }
}

function ipv4At(address: string, bits: number, cidr: string): (offset: number) => string {
  const octets = address.split(".").map(Number);
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255))) {
    throw new RuntimeError("INVALID_ARGUMENT", `"${cidr}" is not a range of addresses`);
  }
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const base = number - (number % 2 ** (32 - bits));
  return (offset) => {
    const value = base + offset;
    return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
  };
}

/** IPv6 ranges for Pods end in zeros (`fd00:10:244::/64`); the offset is written into the last group. */
function ipv6At(address: string, cidr: string): (offset: number) => string {
  if (!address.endsWith("::")) throw new RuntimeError("INVALID_ARGUMENT", `"${cidr}" does not end in zeros`);
  return (offset) => `${address}${offset.toString(16)}`;
}
