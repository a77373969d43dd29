import { DecodeError } from "./decode-error.ts";

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * A time as upstream writes it back: UTC, with seconds (`Time`) or microseconds (`MicroTime`). Throws `DecodeError` for text
 * that is not RFC 3339. More lenient than upstream in one thing: a `MicroTime` need not have exactly six digits.
 */
export function normalizeTimestamp(text: string, precision: "seconds" | "micros"): string {
  if (precision === "seconds" && text.length === 20 && text.charCodeAt(19) === 0x5a && isPlain(text)) return text;
  const match = RFC3339.exec(text);
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", fraction = "", zone = ""] = match ?? [];
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const valid = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
  if (match === null || !valid || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    const layout = precision === "seconds" ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";
    const at = match === null ? `cannot parse "${text}" as "2006"` : "value out of range";
    throw new DecodeError(match === null ? `parsing time "${text}" as "${layout}": ${at}` : `parsing time "${text}": ${at}`);
  }
  const utc = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`).toISOString().slice(0, 19);
  return precision === "seconds" ? `${utc}Z` : `${utc}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

/** The usual spelling, whose digits only need to be in range. */
function isPlain(text: string): boolean {
  const match = /^\d{4}-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/.exec(text);
  if (match === null) return false;
  const month = Number(match[1]);
  const day = Number(match[2]);
  return month >= 1 && month <= 12 && day >= 1 && day <= 28;
}
