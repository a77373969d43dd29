/** The most addresses of a pool that are handed out, so that looking for a free one has a bound. */
const MOST_ADDRESSES = 65_536;

/** The addresses that Services of type LoadBalancer get: an IPv4 range without its first and last address. */
export class AddressPool {
  readonly cidr: string;
  readonly #base: number;
  readonly #size: number;

  /** `cidr` such as `10.172.0.0/24`; a /31 or /32 is used whole. Errors: a `RangeError` for what is not an IPv4 range. */
  constructor(cidr: string) {
    const [, address = "", bitsText = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr) ?? [];
    const bits = Number(bitsText);
    const number = addressNumber(address);
    if (number === undefined || bits > 32) throw new RangeError(`"${cidr}" is not an IPv4 range such as 10.172.0.0/24`);
    const count = 2 ** (32 - bits);
    const first = number - (number % count);
    this.cidr = cidr;
    this.#base = count > 2 ? first + 1 : first;
    this.#size = Math.min(MOST_ADDRESSES, count > 2 ? count - 2 : count);
  }

  has(address: string): boolean {
    const number = addressNumber(address);
    return number !== undefined && number >= this.#base && number < this.#base + this.#size;
  }

  /** The lowest address that `isTaken` does not refuse; `undefined` when all are taken. */
  lowestFree(isTaken: (address: string) => boolean): string | undefined {
    for (let number = this.#base; number < this.#base + this.#size; number++) {
      const address = [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
      if (!isTaken(address)) return address;
    }
    return undefined;
  }
}

function addressNumber(address: string): number | undefined {
  const octets = address.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)) return undefined;
  return octets.reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
