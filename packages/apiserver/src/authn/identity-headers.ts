import type { Credentials } from "../authenticator.ts";

/** Headers that came several times are joined with commas on the way; nobody may have more values than this. */
const MAX_VALUES = 1000;

/** The values of a header that may be given several times. */
export function listHeader(value: string | undefined): string[] {
  if (!value) return [];
  return value.split(", ", MAX_VALUES).filter((entry) => entry !== "");
}

/** The headers with that prefix as `extra`: the rest of the name, percent-decoded, is the key. `undefined` when there are none. */
export function extraHeaders(headers: Credentials["headers"], prefix: string): Record<string, string[]> | undefined {
  const entries = Object.entries(headers).filter(([name, value]) => name.startsWith(prefix) && value !== undefined);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [decodeKey(name.slice(prefix.length)), listHeader(value)]));
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key).toLowerCase();
  } catch {
    return key;
  }
}
