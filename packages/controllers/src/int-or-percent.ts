import type { IntOrString } from "@skiff/api";

/** A number, or a percentage of `total` rounded `up` or `down`. Anything else counts as 0; validation admits nothing else. */
export function resolveIntOrPercent(value: IntOrString | undefined, total: number, rounding: "up" | "down"): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value ?? "");
  if (percent === null) return 0;
  const exact = (Number(percent[1]) * total) / 100;
  return rounding === "up" ? Math.ceil(exact) : Math.floor(exact);
}
