import type { Environment } from "@marcbachmann/cel-js";
import { Quantity, parseQuantity, tryParseQuantity } from "@skiff/api";

const NANO = 1_000_000_000n;

function isInteger(quantity: Quantity): boolean {
  return quantity.nano % NANO === 0n;
}

function asInteger(quantity: Quantity): bigint {
  if (!isInteger(quantity)) throw new Error("cannot convert value to integer");
  return quantity.nano / NANO;
}

/** Kubernetes' functions on quantities: `quantity("1Gi").isLessThan(quantity("2Gi"))`. */
export function addQuantityLibrary(environment: Environment): void {
  const type = "kubernetes.Quantity";
  environment
    .registerType(type, { ctor: Quantity, fields: {} })
    .registerFunction(`quantity(string): ${type}`, (text: string) => parseQuantity(text))
    .registerFunction("isQuantity(string): bool", (text: string) => tryParseQuantity(text) !== undefined)
    .registerFunction(`${type}.sign(): int`, (quantity: Quantity) => BigInt(quantity.sign))
    .registerFunction(`${type}.isInteger(): bool`, isInteger)
    .registerFunction(`${type}.asInteger(): int`, asInteger)
    .registerFunction(`${type}.asApproximateFloat(): double`, (quantity: Quantity) => quantity.toNumber())
    .registerFunction(`${type}.add(${type}): ${type}`, (a: Quantity, b: Quantity) => a.add(b))
    .registerFunction(`${type}.add(int): ${type}`, (a: Quantity, b: bigint) => a.add(Quantity.of(b)))
    .registerFunction(`${type}.sub(${type}): ${type}`, (a: Quantity, b: Quantity) => a.sub(b))
    .registerFunction(`${type}.sub(int): ${type}`, (a: Quantity, b: bigint) => a.sub(Quantity.of(b)))
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compare(b) < 0)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compare(b) > 0)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Quantity, b: Quantity) => BigInt(a.compare(b)))
    .registerFunction(`string(${type}): string`, (quantity: Quantity) => quantity.toString())
    .registerOperator(`${type} == ${type}`, (a: Quantity, b: Quantity) => a.compare(b) === 0);
}
