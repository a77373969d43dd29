import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Counter, type Registry } from "prom-client";
import { answerText, HttpError, readBody } from "#shared/http.ts";
import { type ImageStatus, STATUSES } from "#shared/image.ts";
import type { ImageStore } from "#shared/image-store.ts";
import type { Log } from "#shared/log.ts";
import type { LiveFeed } from "./live-feed.ts";
import { renderPage } from "./page.ts";
import { NotAPicture, type Pictures, staticFile } from "./pictures.ts";

/** Images on one page. */
const PAGE_SIZE = 50;

/** All pictures of one upload together. */
const UPLOAD_MAX_BYTES = 32 * 1024 * 1024;

const SECURITY = {
  "content-security-policy": "default-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

/** In the place of a thumbnail that cannot be made. */
const NO_PICTURE = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#8a94a0" stroke-width="1.4">
<rect x="4" y="5.5" width="16" height="13" rx="2"/><path d="M4 19 20 5"/></svg>`,
);

const TYPES: Readonly<Record<string, string>> = { css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8" };

/** What the page works with. */
interface FrontendParts {
  readonly store: Pick<ImageStore, "list" | "counts" | "people" | "get">;
  readonly pictures: Pictures;
  readonly feed: LiveFeed;
  /** Hands paths to the receiver. Errors: rejects when it does not take them. */
  readonly post: (path: string) => Promise<void>;
  /** Where the page's own files are. */
  readonly staticFolder: string;
  readonly log: Log;
  readonly registry: Registry;
}

/** The public page: table, pictures, upload and feed. */
export function createFrontend(parts: FrontendParts): RequestListener {
  const requests = new Counter({
    name: "frontend_requests_total",
    help: "Requests by answer",
    labelNames: ["status"],
    registers: [parts.registry],
  });
  return (request, response) => {
    response.once("finish", () => requests.inc({ status: String(response.statusCode) }));
    answer(parts, request, response).catch((error: unknown) => {
      const status = error instanceof HttpError ? error.status : 500;
      if (status === 500) parts.log.error({ err: error, url: request.url }, "cannot answer");
      if (response.headersSent) response.destroy();
      else answerText(response, status, status === 500 ? "This does not work at the moment.\n" : `${(error as Error).message}\n`);
    });
  };
}

async function answer(parts: FrontendParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://frontend");
  const [, first = "", second = ""] = url.pathname.split("/");
  if (request.method === "POST" && url.pathname === "/upload") return upload(parts, request, response);
  if (request.method !== "GET" && request.method !== "HEAD") throw new HttpError(405, "not served here");
  switch (first) {
    case "":
      return page(parts, url.searchParams, response);
    case "events":
      return parts.feed.add(response);
    case "static": {
      const file = await staticFile(parts.staticFolder, second);
      return file === undefined ? notFound() : bytes(response, file, TYPES[second.split(".").at(-1) ?? ""] ?? "text/plain", "no-cache");
    }
    case "known":
      return jpeg(response, await parts.pictures.knownThumbnail(decode(second)));
    case "thumbnails":
    case "pictures": {
      const image = await parts.store.get(Number(second) || 0);
      if (image === undefined) return notFound();
      if (first === "pictures") return jpeg(response, await parts.pictures.picture(image.path));
      const thumbnail = await parts.pictures.thumbnail(image.path);
      return thumbnail === undefined ? bytes(response, NO_PICTURE, "image/svg+xml", "no-cache") : jpeg(response, thumbnail);
    }
    default:
      return notFound();
  }
}

async function page({ store }: FrontendParts, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const filter = filterOf(query);
  const [images, counts, people] = await Promise.all([store.list({ ...filter, limit: PAGE_SIZE + 1 }), store.counts(), store.people()]);
  const shown = images.slice(0, PAGE_SIZE);
  const next = images.length > PAGE_SIZE ? shown.at(-1)?.id : undefined;
  const html = renderPage({ images: shown, counts, people, filter, next, notice: noticeOf(query) });
  response.writeHead(200, { ...SECURITY, "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  response.end(html);
}

/** What is not a filter is none. */
function filterOf(query: URLSearchParams): { status?: ImageStatus; person?: string; before?: number } {
  const status = STATUSES.find((each) => each === query.get("status"));
  const before = Number(query.get("before") ?? 0);
  return {
    status,
    person: query.get("person") || undefined,
    before: Number.isSafeInteger(before) && before > 0 ? before : undefined,
  };
}

function noticeOf(query: URLSearchParams): string | undefined {
  if (!query.has("uploaded")) return undefined;
  const [uploaded, refused] = [Number(query.get("uploaded")) || 0, Number(query.get("refused")) || 0];
  const taken = uploaded === 1 ? "1 picture was taken." : `${uploaded} pictures were taken.`;
  return refused === 0 ? taken : `${taken} ${refused} could not be taken: only whole JPEG and PNG pictures can.`;
}

async function upload({ pictures, post, log }: FrontendParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A browser says where a form is from; other pages must not send to this one.
  if (request.headers["sec-fetch-site"] === "cross-site") throw new HttpError(403, "not from another site");
  const type = request.headers["content-type"] ?? "";
  const body = await readBody(request, UPLOAD_MAX_BYTES);
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData().catch(() => {
    throw new HttpError(400, "not a form with pictures");
  });
  let [uploaded, refused] = [0, 0];
  for (const file of form.getAll("pictures")) {
    if (typeof file === "string" || file.size === 0) continue;
    try {
      const path = await pictures.save(new Uint8Array(await file.arrayBuffer()));
      await post(path);
      uploaded++;
      log.info({ path, name: file.name.slice(0, 100) }, "uploaded");
    } catch (error) {
      if (!(error instanceof NotAPicture)) throw error;
      refused++;
    }
  }
  response.writeHead(303, { location: `/?uploaded=${uploaded}&refused=${refused}` });
  response.end();
}

function jpeg(response: ServerResponse, picture: Buffer | undefined): void {
  return picture === undefined ? notFound() : bytes(response, picture, "image/jpeg", "private, max-age=60");
}

function bytes(response: ServerResponse, content: Buffer, type: string, cache: string): void {
  response.writeHead(200, { ...SECURITY, "content-type": type, "content-length": content.length, "cache-control": cache });
  response.end(content);
}

function notFound(): never {
  throw new HttpError(404, "not found");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, "not a name");
  }
}
