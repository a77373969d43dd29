import { MAX_NODE_SCORE } from "../framework/plugin.ts";

/** Stretches scores so that the largest becomes 100, and with `reverse` turns them round. All zero stay all equal. */
export function normalizeByMax(scores: Float64Array, reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let index = 0; index < scores.length; index++) {
    const score = max === 0 ? 0 : Math.floor((MAX_NODE_SCORE * scores[index]!) / max);
    scores[index] = reverse ? MAX_NODE_SCORE - score : score;
  }
}
