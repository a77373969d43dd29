import { type Image, type ImageStatus, STATUSES } from "#shared/image.ts";

/** What a page shows. */
interface PageContent {
  readonly images: readonly Image[];
  readonly counts: Readonly<Record<ImageStatus, number>>;
  readonly people: readonly string[];
  readonly filter: { readonly status?: ImageStatus; readonly person?: string; readonly before?: number };
  /** The id below which the next page begins; absent on the last. */
  readonly next?: number;
  readonly notice?: string;
}

const STATUS_WORDS: Readonly<Record<ImageStatus, string>> = {
  pending: "Pending",
  processing: "Processing",
  processed: "Processed",
  failed: "Failed",
};

const OUTCOMES: Readonly<Record<NonNullable<Image["outcome"]>, string>> = {
  identified: "",
  "unknown-person": "Unknown person",
  "no-face": "No face in the picture",
  "several-faces": "Several faces",
  "missing-image": "No such picture",
  "broken-image": "Not a picture",
  "bad-path": "Outside of the folder",
  "call-failed": "Recognition did not answer",
};

/** Text inside of HTML. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The row of one image: the same in the page and in what is sent to pages that are open. */
export function renderRow(image: Image): string {
  const path = escapeHtml(image.path);
  const picture = `<a href="/pictures/${image.id}"><img src="/thumbnails/${image.id}" alt="Picture ${image.id}" width="64" height="64" loading="lazy"></a>`;
  return `<tr id="image-${image.id}" data-status="${image.status}" data-person="${escapeHtml(image.person ?? "")}">
<td>${image.id}</td><td>${picture}</td><td class="path">${path}</td><td>${renderPerson(image)}</td>
<td><span class="status ${image.status}">${STATUS_WORDS[image.status]}</span></td></tr>`;
}

function renderPerson(image: Image): string {
  if (image.person !== undefined) {
    const known = encodeURIComponent(image.imageName ?? "");
    return `<span class="person"><img src="/known/${known}" alt="" width="32" height="32" loading="lazy">${escapeHtml(image.person)}</span>`;
  }
  if (image.status === "pending" || image.status === "processing") return '<span class="nobody">Pending…</span>';
  const detail = image.detail === undefined ? "" : ` title="${escapeHtml(image.detail)}"`;
  return `<span class="nobody"${detail}>${image.outcome === undefined ? "Nobody" : OUTCOMES[image.outcome]}</span>`;
}

/** The whole page; it works without a script, which only keeps it up to date. */
export function renderPage(content: PageContent): string {
  const { images, counts, people, filter, next, notice } = content;
  const live = filter.before === undefined;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Persons of Interest</title>
<link rel="stylesheet" href="/static/style.css">
<link rel="icon" href="data:,">
${live ? '<script type="module" src="/static/live.js"></script>' : ""}
</head>
<body>
<a class="skip" href="#images">Skip to the table</a>
<header><h1>Persons of Interest</h1><p id="live" role="status" aria-live="polite"></p></header>
<main>
${notice === undefined ? "" : `<p class="notice" role="alert">${escapeHtml(notice)}</p>`}
<section aria-label="Summary"><ul class="counts">${STATUSES.map((status) => renderCount(status, counts[status])).join("")}</ul></section>
<div class="tools">
<form method="post" action="/upload" enctype="multipart/form-data" aria-label="Upload">
<label for="pictures">Add pictures</label>
<input id="pictures" name="pictures" type="file" accept="image/jpeg,image/png" multiple required>
<button>Upload</button>
</form>
<form method="get" action="/" aria-label="Filter">
${renderSelect(
  "status",
  "Status",
  filter.status,
  STATUSES.map((status) => [status, STATUS_WORDS[status]]),
)}
${renderSelect(
  "person",
  "Person",
  filter.person,
  people.map((name) => [name, name]),
)}
<button>Filter</button>
${filter.status === undefined && filter.person === undefined ? "" : '<a href="/">Show all</a>'}
</form>
</div>
<table id="images" tabindex="-1" data-filter-status="${filter.status ?? ""}" data-filter-person="${escapeHtml(filter.person ?? "")}">
<caption>Images and the people in them, newest first</caption>
<thead><tr><th scope="col">ID</th><th scope="col">Picture</th><th scope="col">Path</th><th scope="col">Person</th><th scope="col">Status</th></tr></thead>
<tbody>
${images.map(renderRow).join("\n")}
</tbody>
</table>
<p id="empty"${images.length === 0 ? "" : " hidden"}>There are no images here yet.</p>
<nav aria-label="Pages">${filter.before === undefined ? "" : `<a href="${linkTo(filter, undefined)}">Newest</a>`}
${next === undefined ? "" : `<a href="${linkTo(filter, next)}" rel="next">Older</a>`}</nav>
</main>
</body>
</html>
`;
}

function renderCount(status: ImageStatus, count: number): string {
  return `<li class="${status}"><b data-count="${status}">${count}</b> ${STATUS_WORDS[status].toLowerCase()}</li>`;
}

function renderSelect(
  name: string,
  label: string,
  chosen: string | undefined,
  options: readonly (readonly [value: string, text: string])[],
): string {
  const rendered = options.map(
    ([value, text]) => `<option value="${escapeHtml(value)}"${value === chosen ? " selected" : ""}>${escapeHtml(text)}</option>`,
  );
  return `<label for="filter-${name}">${label}</label>
<select id="filter-${name}" name="${name}"><option value="">All</option>${rendered.join("")}</select>`;
}

function linkTo(filter: PageContent["filter"], before: number | undefined): string {
  const query = new URLSearchParams();
  if (filter.status !== undefined) query.set("status", filter.status);
  if (filter.person !== undefined) query.set("person", filter.person);
  if (before !== undefined) query.set("before", String(before));
  return escapeHtml(`/?${query.toString()}`);
}
