import { groupResource } from "@skiff/api";
import { address } from "./addresses.ts";
import { html, type Html } from "./html.ts";
import { menuSections, renderMenu } from "./menu.ts";
import type { Page, PageContext, WatchTarget } from "./page-request.ts";

/** The head that all pages have. */
function document(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title} – Skiff dashboard</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="./style.css" />
        <script src="./script.js" defer></script>
      </head>
      ${body}
    </html> `.text;
}

/** A page for those who are not signed in: no menu. */
export function renderPlain({ title, content }: Page): string {
  return document(
    title,
    html`<body class="plain">
      <main id="main">
        <h1>${title}</h1>
        ${content}
      </main>
    </body>`,
  );
}

/** A page with the header and the menu around it. */
export async function renderFramed(page: Page, context: PageContext): Promise<string> {
  const { session, request } = context;
  // Whatever the page is about, the way on must not fail with it.
  const [resources, namespaces] = await Promise.all([session.catalog.resources().catch(() => []), session.catalog.namespaces()]);
  const namespace = request.query.get("namespace") ?? undefined;
  const resource = request.query.get("resource");
  const current = resource ?? (request.page === "" ? "" : undefined);
  const isNamespaced = resources.find((each) => groupResource(each) === resource)?.namespaced ?? true;
  const body = html`<body>
    <a class="skip" href="#main">Skip to the content</a>
    <header>
      <p class="brand"><a href="${address("", { namespace })}">Skiff dashboard</a></p>
      ${namespaceForm(namespaces, namespace, isNamespaced ? resource : null)}
      <p class="user">Signed in as <b>${session.user}</b></p>
      <p><a class="button" href="${address("create", { namespace })}">Create</a></p>
      <form method="post" action="./sign-out">${formToken(context)}<button>Sign out</button></form>
    </header>
    <div class="columns">
      ${renderMenu(menuSections(resources), current, namespace)}
      <main id="main" tabindex="-1" ${page.watches !== undefined && html` data-changes="${changesAddress(page.watches)}"`}>
        <h1>${page.title}</h1>
        ${page.content}
      </main>
    </div>
  </body>`;
  return document(page.title, body);
}

/** What every form that changes something must have in it. */
export function formToken({ session }: Pick<PageContext, "session">): Html {
  return html`<input type="hidden" name="form-token" value="${session.formToken}" />`;
}

/** The choice of a namespace; leads to the list of the same kind there, else to the overview. */
function namespaceForm(names: readonly string[] | undefined, chosen: string | undefined, resource: string | null): Html {
  const field =
    names === undefined
      ? html`<input id="namespace" name="namespace" value="${chosen ?? ""}" placeholder="all" />`
      : html`<select id="namespace" name="namespace">
          <option value="">All namespaces</option>
          ${names.map((name) => html`<option${name === chosen && html` selected`}>${name}</option>`)}
        </select>`;
  return html`<form class="namespace" method="get" action="./${resource === null ? "" : "list"}">
    <label for="namespace">Namespace</label> ${field}
    ${resource !== null && html`<input type="hidden" name="resource" value="${resource}" />`} <button>Show</button>
  </form>`;
}

function changesAddress(watches: readonly WatchTarget[]): string {
  const query = new URLSearchParams();
  for (const { resource, namespace = "", name = "" } of watches) query.append("watch", `${resource}/${namespace}/${name}`);
  return `./changes?${query.toString()}`;
}
