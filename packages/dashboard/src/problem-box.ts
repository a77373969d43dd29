import { html, type Html } from "./html.ts";
import { explainError } from "./page-error.ts";

/** What went wrong, in a box above the form that is to be sent again. */
export function problemBox(error: unknown): Html {
  const { title, sentence } = explainError(error);
  return html`<div class="problem" role="alert">
    <h2>${title}</h2>
    <p>${sentence}</p>
  </div>`;
}
