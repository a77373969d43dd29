const HOUR_MS = 3_600_000;
const MEAN_RATE = 0.0005;

/** What `/api/live` of the rate service answers: a price that goes up and down by a few per cent in an hour. */
export function liveRates(query: URLSearchParams, nowMs: number): object {
  if ((query.get("access_key") ?? "") === "") return refusal(101, "You have not supplied an API Access Key.");
  if (!(query.get("currencies") ?? "XAU").split(",").includes("XAU"))
    return refusal(202, "You have provided one or more invalid Currency Codes.");
  const rate = MEAN_RATE * (1 + 0.03 * Math.sin((nowMs / HOUR_MS) * 2 * Math.PI));
  return { success: true, timestamp: Math.floor(nowMs / 1000), source: "USD", quotes: { USDXAU: Number(rate.toFixed(6)) } };
}

function refusal(code: number, info: string): object {
  return { success: false, error: { code, info } };
}
