const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Text such as `"300ms"`, `"1.5h"` or `"2h45m"`, as `metav1.Duration` and kubectl's flags write it, in milliseconds.
 *
 * Errors: throws a plain `Error` that names the text when it is not a duration.
 */
export function parseDuration(text: string): number {
  const [, sign = "", rest = ""] = /^([-+]?)(.*)$/.exec(text) ?? [];
  if (rest === "0") return 0;
  const parts = rest.match(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g) ?? [];
  if (rest === "" || parts.join("") !== rest) throw new Error(`"${text}" is not a duration; write for example 300ms, 90s or 1h30m`);
  let totalMs = 0;
  for (const part of parts) {
    const [, amount = "", unit = ""] = /^([\d.]+)(\D+)$/.exec(part) ?? [];
    totalMs += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  }
  return sign === "-" ? -totalMs : totalMs;
}

/** Milliseconds in the same notation, for example `"1h30m0s"`: the form in which Kubernetes prints durations. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  const sign = durationMs < 0 ? "-" : "";
  const totalMs = Math.abs(durationMs);
  if (totalMs < 1000) return `${sign}${Number(totalMs.toFixed(6))}ms`;
  const hours = Math.floor(totalMs / 3_600_000);
  const minutes = Math.floor((totalMs % 3_600_000) / 60_000);
  const seconds = Number(((totalMs % 60_000) / 1000).toFixed(9));
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
