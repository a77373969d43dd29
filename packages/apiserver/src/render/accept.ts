/** One media range of an `Accept` header (RFC 9110, section 12.5.1). */
export interface MediaRange {
  /** Lower case; `*` stands for any. */
  readonly type: string;
  readonly subtype: string;
  /** Without `q`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer headers are refused by the front; this bounds the work for many short ranges. */
const MAX_RANGES = 64;

/**
 * The ranges of an `Accept` header, the most wanted first; those that are equally wanted in their order. Ranges that cannot
 * be read, and those with `q=0`, are left out. An absent or empty header accepts anything.
 */
export function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === "") return [{ type: "*", subtype: "*", parameters: new Map() }];
  const ranges: { readonly range: MediaRange; readonly quality: number }[] = [];
  for (const text of header.split(",", MAX_RANGES)) {
    const [name = "", ...settings] = text.split(";");
    const [, type, subtype] =
      /^([\w!#$&^.+*-]+)\/([\w!#$&^.+*@-]+)$/.exec(name.trim().toLowerCase()) ?? (name.trim() === "*" ? ["", "*", "*"] : []);
    if (type === undefined || subtype === undefined || (type === "*" && subtype !== "*")) continue;
    const parameters = parametersOf(settings);
    const quality = parameters.has("q") ? Number(parameters.get("q")) : 1;
    parameters.delete("q");
    if (quality > 0 && quality <= 1) ranges.push({ range: { type, subtype, parameters }, quality });
  }
  return ranges.sort((a, b) => b.quality - a.quality).map(({ range }) => range);
}

/** True when `mediaType`, such as `application/json`, is in the range. Parameters are the caller's. */
export function includes(range: MediaRange, mediaType: string): boolean {
  const [type, subtype] = mediaType.split("/", 2);
  return (range.type === "*" || range.type === type) && (range.subtype === "*" || range.subtype === subtype);
}

function parametersOf(settings: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    if (equals < 0) continue;
    const value = setting.slice(equals + 1).trim();
    parameters.set(setting.slice(0, equals).trim().toLowerCase(), value.startsWith('"') ? value.replaceAll('"', "") : value);
  }
  return parameters;
}
