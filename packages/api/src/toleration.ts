import type { Taint, Toleration } from "./generated/types.ts";

const WHOLE_NUMBER = /^(0|-?[1-9]\d{0,18})$/;

/** True when the toleration is for this taint. An absent operator is `Equal`; an empty key with `Exists` is for all. */
export function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  switch (operator) {
    case undefined:
    case "":
    case "Equal":
      return (value ?? "") === (taint.value ?? "");
    case "Exists":
      return true;
    case "Lt":
    case "Gt":
      return compares(operator, value ?? "", taint.value ?? "");
    default:
      return false;
  }
}

/** Numeric tolerations (KEP-5471): the taint's value is compared with the toleration's. */
function compares(operator: "Lt" | "Gt", limit: string, value: string): boolean {
  if (!WHOLE_NUMBER.test(limit) || !WHOLE_NUMBER.test(value)) return false;
  return operator === "Lt" ? BigInt(value) < BigInt(limit) : BigInt(value) > BigInt(limit);
}

/** The first taint that none of the tolerations is for. */
export function untolerated(taints: readonly Taint[], tolerations: readonly Toleration[]): Taint | undefined {
  return taints.find((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
}
