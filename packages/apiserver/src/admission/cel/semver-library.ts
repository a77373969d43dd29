import type { Environment } from "@marcbachmann/cel-js";

const FORM = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** A version by Semantic Versioning 2.0. */
class Semver {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];

  constructor(text: string) {
    const [, major, minor, patch, prerelease] = FORM.exec(text) ?? [];
    if (major === undefined || minor === undefined || patch === undefined) throw new Error(`"${text}" is not a semantic version`);
    this.numbers = [BigInt(major), BigInt(minor), BigInt(patch)];
    this.prerelease = prerelease?.split(".") ?? [];
  }

  compare(other: Semver): bigint {
    for (let index = 0; index < 3; index++) {
      const difference = (this.numbers[index] ?? 0n) - (other.numbers[index] ?? 0n);
      if (difference !== 0n) return difference < 0n ? -1n : 1n;
    }
    return comparePrereleases(this.prerelease, other.prerelease);
  }
}

/** A version without a pre-release part comes after all that have one. */
function comparePrereleases(a: readonly string[], b: readonly string[]): bigint {
  if (a.length === 0 || b.length === 0) return BigInt(Math.sign(b.length - a.length));
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined) return -1n;
    if (right === undefined) return 1n;
    if (left === right) continue;
    const numeric = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (numeric[0] && numeric[1]) return BigInt(left) < BigInt(right) ? -1n : 1n;
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1n : 1n;
    return left < right ? -1n : 1n;
  }
  return 0n;
}

function parses(text: string): boolean {
  return FORM.test(text);
}

/** Kubernetes' functions on versions: `semver("1.2.3").isLessThan(semver("1.3.0"))`. */
export function addSemverLibrary(environment: Environment): void {
  const type = "kubernetes.Semver";
  environment
    .registerType(type, { ctor: Semver, fields: {} })
    .registerFunction(`semver(string): ${type}`, (text: string) => new Semver(text))
    .registerFunction("isSemver(string): bool", parses)
    .registerFunction(`${type}.major(): int`, (version: Semver) => version.numbers[0])
    .registerFunction(`${type}.minor(): int`, (version: Semver) => version.numbers[1])
    .registerFunction(`${type}.patch(): int`, (version: Semver) => version.numbers[2])
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Semver, b: Semver) => a.compare(b) < 0n)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Semver, b: Semver) => a.compare(b) > 0n)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Semver, b: Semver) => a.compare(b))
    .registerOperator(`${type} == ${type}`, (a: Semver, b: Semver) => a.compare(b) === 0n);
}
