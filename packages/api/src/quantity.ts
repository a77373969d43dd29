/** How a quantity was written, which decides how it is printed: `1Ki`, `1k` or `1e3`. */
export type QuantityFormat = "BinarySI" | "DecimalSI" | "DecimalExponent";

/** A text that is no quantity. The messages are upstream's. */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
}

/** Longer texts are refused: no quantity needs them, and arithmetic on them would cost time. */
export const MAX_QUANTITY_LENGTH = 256;

/** Larger powers of ten are refused; the largest quantity is about 9.2e18, the smallest step 1e-9. */
const MAX_EXPONENT = 512;

const NANO = 1_000_000_000n;

/** Upstream keeps at most a signed 64-bit whole number and cuts larger values down to it. */
const MAX_NANO = (2n ** 63n - 1n) * NANO;

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";

const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const DECIMAL_SUFFIXES: ReadonlyMap<number, string> = new Map(Array.from(DECIMAL_EXPONENTS, ([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/**
 * An exact amount of a resource (`resource.Quantity`): a whole number of 1e-9, whatever its size, so that sums never
 * lose anything. Immutable.
 */
export class Quantity {
  /** The amount in units of 1e-9. */
  readonly nano: bigint;
  readonly format: QuantityFormat;

  constructor(nano: bigint, format: QuantityFormat = "DecimalSI") {
    this.nano = nano;
    this.format = format;
  }

  static readonly zero = new Quantity(0n);

  /** A whole number of units. */
  static of(value: bigint | number, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value) * NANO, format);
  }

  /** A whole number of thousandths, such as millicores. */
  static ofMilli(value: bigint | number, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value) * 1_000_000n, format);
  }

  get isZero(): boolean {
    return this.nano === 0n;
  }

  /** -1, 0 or 1. */
  get sign(): -1 | 0 | 1 {
    return this.nano > 0n ? 1 : this.nano < 0n ? -1 : 0;
  }

  /** Below, at or above zero as this is less than, equal to or greater than `other`. */
  compare(other: Quantity): -1 | 0 | 1 {
    return this.nano < other.nano ? -1 : this.nano > other.nano ? 1 : 0;
  }

  /** The sum, in the format of this one unless this one is zero. */
  add(other: Quantity): Quantity {
    return new Quantity(this.nano + other.nano, this.isZero ? other.format : this.format);
  }

  /** The difference, in the format of this one unless this one is zero. */
  sub(other: Quantity): Quantity {
    return new Quantity(this.nano - other.nano, this.isZero ? other.format : this.format);
  }

  /** Whole units, rounded away from zero. */
  value(): bigint {
    return divideAwayFromZero(this.nano, NANO);
  }

  /** Whole thousandths, rounded away from zero. */
  milliValue(): bigint {
    return divideAwayFromZero(this.nano, 1_000_000n);
  }

  /** The nearest floating-point number of units: for ratios and scores, not for bookkeeping. */
  toNumber(): number {
    return Number(this.nano) / 1e9;
  }

  /** The canonical form: the one that the API prints. Equal amounts of one format have equal texts. */
  toString(): string {
    if (this.isZero) return "0";
    const binary = this.format === "BinarySI" && this.nano % NANO === 0n && abs(this.nano) >= 1024n * NANO;
    if (binary) return binaryText(this.nano / NANO);
    return decimalText(this.nano, this.format === "DecimalExponent" ? "DecimalExponent" : "DecimalSI");
  }

  toJSON(): string {
    return this.toString();
  }
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

function divideAwayFromZero(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function binaryText(value: bigint): string {
  let mantissa = value;
  let power = 0;
  while (power < BINARY_SUFFIXES.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    power++;
  }
  return `${mantissa}${BINARY_SUFFIXES[power]}`;
}

function decimalText(nano: bigint, format: "DecimalSI" | "DecimalExponent"): string {
  let mantissa = nano;
  let exponent = -9;
  // Sums may pass the largest suffix; then the mantissa stays long.
  while (exponent < 18 && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === "DecimalSI") return `${mantissa}${DECIMAL_SUFFIXES.get(exponent) ?? ""}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

/** What a suffix multiplies by: `base ** exponent`. */
function interpretSuffix(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = DECIMAL_EXPONENTS.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: "DecimalSI" };
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  if (binary > 0) return { base: 2, exponent: 10 * binary, format: "BinarySI" };
  const power = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1];
  if (power === undefined) throw new QuantityError(WRONG_SUFFIX);
  const exponent = Number(power);
  if (Math.abs(exponent) > MAX_EXPONENT) throw new QuantityError(WRONG_SUFFIX);
  return { base: 10, exponent, format: "DecimalExponent" };
}

/**
 * Reads a quantity such as `1500m`, `1.5Gi` or `1e3`. Numbers are taken as their JSON text, as upstream does.
 *
 * Steps below 1e-9 are rounded away from zero; amounts above 2^63-1 are cut to that.
 * Errors: {@link QuantityError}.
 */
export function parseQuantity(text: string | number): Quantity {
  const source = typeof text === "number" ? String(text) : text;
  const known = recent.get(source);
  if (known !== undefined) return known;
  const quantity = read(source);
  if (source.length <= RECENT_LENGTH) {
    if (recent.size >= RECENT_LIMIT) recent.clear();
    recent.set(source, quantity);
  }
  return quantity;
}

/** The texts read last: the same few, such as `100m`, are read over and over. When it is full it begins anew. */
const recent = new Map<string, Quantity>();
const RECENT_LIMIT = 1024;
/** Longer texts are rare and not kept. */
const RECENT_LENGTH = 20;

function read(source: string): Quantity {
  if (source.length > MAX_QUANTITY_LENGTH) throw new QuantityError(WRONG_FORMAT);
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(source);
  if (match === null) throw new QuantityError(WRONG_FORMAT);
  const [, sign = "", whole = "", fraction = "", suffix = ""] = match;
  if (whole === "" && fraction === "") throw new QuantityError(WRONG_FORMAT);
  const { base, exponent, format } = interpretSuffix(suffix);
  const digits = BigInt(whole + fraction);
  const scale = (base === 10 ? exponent : 0) - fraction.length + 9;
  let nano = base === 2 ? digits * 2n ** BigInt(exponent) : digits;
  nano = scale >= 0 ? nano * 10n ** BigInt(scale) : divideAwayFromZero(nano, 10n ** BigInt(-scale));
  if (nano > MAX_NANO) nano = MAX_NANO;
  return new Quantity(sign === "-" ? -nano : nano, format);
}

/** The quantity, or `undefined` when the text is none. */
export function tryParseQuantity(text: string | number | undefined): Quantity | undefined {
  if (text === undefined) return undefined;
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

/** The form that the API prints: `0.5` becomes `500m`, `1024Mi` becomes `1Gi`. What is no quantity comes back as it is. */
export function canonicalQuantity(text: string | number): string {
  return tryParseQuantity(text)?.toString() ?? String(text);
}
