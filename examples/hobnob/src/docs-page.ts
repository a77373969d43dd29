import { DESCRIPTION } from "./openapi.ts";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h2{font-size:1.1rem;border-top:1px solid #ccc;padding-top:1rem}code,pre{font-family:ui-monospace,monospace}
.method{display:inline-block;min-width:4.5rem;font-weight:700}pre{background:#f4f4f4;padding:1rem;overflow:auto}
td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}`;

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

interface Operation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

/** The documentation of the API as one HTML page that needs nothing else. */
export function docsPage(): string {
  const { info, paths, components } = DESCRIPTION;
  const operations = Object.entries(paths).flatMap(([path, item]: [string, Partial<Record<string, unknown>>]) =>
    METHODS.flatMap((method) => (item[method] === undefined ? [] : [section(method, path, item[method] as Operation)])),
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<h2 id="${escaped(name)}">${escaped(name)}</h2>\n<pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(info.title)} API</title><style>${STYLE}</style></head>
<body>
<main>
<h1>${escaped(info.title)} API <small>${escaped(info.version)}</small></h1>
<p>${escaped(info.description)} The same as data: <a href="/openapi.json">openapi.json</a>.</p>
${[...operations, ...schemas].join("\n")}
</main>
</body>
</html>
`;
}

function section(method: string, path: string, { summary, responses }: Operation): string {
  const rows = Object.entries(responses).map(
    ([status, { description }]) => `<tr><td><code>${escaped(status)}</code></td><td>${escaped(description)}</td></tr>`,
  );
  return `<h2><code><span class="method">${method.toUpperCase()}</span> ${escaped(path)}</code></h2>
<p>${escaped(summary)}.</p>
<table><thead><tr><th>Status</th><th>Answer</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
