/** Texts that are longer are cut when all together would be too much, as upstream cuts them. */
const MAX_TEXT = 256;
/** All texts of an answer together, in characters; what goes past it is left out. */
const MAX_TOTAL = 4096;

/** The values of `Warning` headers (RFC 7234, section 5.5, code 299 "miscellaneous persistent warning"). */
export function warningHeaders(texts: readonly string[]): string[] {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const values: string[] = [];
  let used = 0;
  for (const text of texts) {
    const cut = total > MAX_TOTAL ? text.slice(0, MAX_TEXT) : text;
    used += cut.length;
    if (used > MAX_TOTAL) break;
    values.push(`299 - "${quotable(cut)}"`);
  }
  return values;
}

/** Header values are bytes: text travels as UTF-8, and nothing in it can end the header. */
function quotable(text: string): string {
  const escaped = text
    .replaceAll(/\p{Cc}/gu, " ")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"');
  return Buffer.from(escaped).toString("latin1");
}
