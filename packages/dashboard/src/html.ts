/** A piece of HTML that is safe to put into a page as it is. Only {@link html} makes it. */
export class Html {
  readonly text: string;

  /** @internal */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: HTML as it is, text escaped, lists piece by piece; `false` and `undefined` are left out. */
type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * Builds HTML from a template. Every value that is not {@link Html} already is escaped, so what is in the cluster (names,
 * annotations, messages) can never become markup. Attribute values must stand in quotes.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = unindented(parts[0]);
  for (const [index, value] of values.entries()) text += rendered(value) + unindented(parts[index + 1]);
  return new Html(text);
}

/** The indentation of the source is nothing that a browser needs. */
function unindented(part = ""): string {
  return part.replace(/\n +/g, "\n");
}

/** Nothing. */
export const NO_HTML: Html = html``;

function rendered(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(rendered).join("");
  return String(value).replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}
