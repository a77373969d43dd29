import { html, type Html } from "./html.ts";

/** What a table of a page is made of. */
interface HtmlTableOptions {
  /** What the table is about; read out first, and shown above it. */
  readonly caption: string;
  readonly headings: readonly string[];
  /** `tr` elements. */
  readonly rows: readonly Html[];
  /** The kind that the rows are objects of. */
  readonly resource?: string;
}

/** A table that scrolls by itself where it is wider than the page, by keyboard too. */
export function htmlTable({ caption, headings, rows, resource }: HtmlTableOptions): Html {
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0">
    <table${resource !== undefined && html` data-resource="${resource}"`}>
      <caption>${caption}</caption>
      <thead>
        <tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr>
      </thead>
      <tbody>${rows}</tbody>
    </table>
  </div>`;
}
