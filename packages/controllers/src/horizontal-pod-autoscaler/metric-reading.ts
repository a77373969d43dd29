import { parseQuantity } from "@skiff/api";

/** What was measured of one Pod. */
export interface PodReading {
  /** Thousandths of the metric's unit: of a core, of a byte, of a request per second. */
  readonly milli: number;
  /** When the measured span ended. */
  readonly timeMs: number;
  readonly windowMs: number;
}

/** What was measured for one metric of an autoscaler: by the names of Pods, as one amount (in thousandths), or why nothing was. */
export type MetricReading =
  | { readonly type: "pods"; readonly pods: ReadonlyMap<string, PodReading> }
  | { readonly type: "amount"; readonly milli: number }
  | { readonly type: "failure"; readonly message: string };

/** A quantity in thousandths; absent is nothing. */
export function milliOf(quantity: string | undefined): number {
  return Number(parseQuantity(quantity ?? "0").milliValue());
}
