import { isStatus } from "@skiff/api";
import type { Host } from "@skiff/base";
import { assetReply } from "./assets/assets.ts";
import { ANONYMOUS, userOf, type Entrance } from "./entrance.ts";
import { renderFramed, renderPlain } from "./frame.ts";
import { html } from "./html.ts";
import { sameText } from "./node-same-text.ts";
import { explainError, PageError } from "./page-error.ts";
import type { Page, PageContext, PageReply, PageRequest } from "./page-request.ts";
import { noLinkPage, signInPage } from "./pages/sign-in.ts";
import { ACTIONS, PAGES, STREAMS } from "./routes.ts";
import { Sessions, type Connection, type Session } from "./sessions.ts";

/** What a {@link Dashboard} is made of. */
interface DashboardOptions {
  readonly host: Host;
  readonly entrance: Entrance;
  /** How the browser is told that it is signed in. */
  readonly cookie: {
    readonly name: string;
    /** Absent: the folder of the address under which the browser sees the dashboard, whatever that is. */
    readonly path?: string;
  };
  /** The only values of the `Host` header that are served, and of `Origin` behind the scheme. Absent: all. */
  readonly hosts?: () => readonly string[];
  /** A session ends when it was not used for so long. */
  readonly idleMs: number;
}

/** Forms carry YAML of at most 3 MiB, which their encoding makes longer. */
const FORM_BYTES = 9 * 1024 * 1024;
const STRANGERS_FORM_BYTES = 32 * 1024;

const HTML = { "content-type": "text/html; charset=utf-8" };

/**
 * The dashboard as a function from requests to answers. It has no rights: every request to the API server is made with the
 * credentials of the session that asks.
 */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #sessions: Sessions;
  #isLinkUsed = false;

  constructor(options: DashboardOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.host, options.idleMs);
  }

  /** Ends all sessions. */
  close(): void {
    this.#sessions.endAll();
  }

  /** How long a form may be: little more than a token as long as nobody knows who sends it. */
  formLimitBytes(headers: PageRequest["headers"]): number {
    return this.#sessionOf(headers) === undefined ? STRANGERS_FORM_BYTES : FORM_BYTES;
  }

  /** Answers a request; never rejects. */
  async handle(request: PageRequest): Promise<PageReply> {
    try {
      this.#checkSource(request);
      return assetReply(request) ?? (await this.#answer(request));
    } catch (error) {
      return plain(this.#errorPage(error));
    }
  }

  async #answer(request: PageRequest): Promise<PageReply> {
    const session = this.#sessionOf(request.headers);
    const token = request.query.get("token");
    // What only asks for the head (a preview of a link, say) must not use the link up.
    if (request.page === "" && token !== null && request.method === "GET") return this.#enterByLink(token, session);
    if (request.page === "sign-in") return this.#signIn(request, session);
    if (session === undefined) return this.#refuse(request);
    const context: PageContext = { host: this.#options.host, session, request };
    try {
      return request.method === "POST" ? await this.#act(context) : await show(context);
    } catch (error) {
      if (isStatus(error, "Unauthorized")) return this.#signOut(session);
      return framed(this.#errorPage(error), context);
    }
  }

  #errorPage(error: unknown): Page {
    const { status, title, sentence } = explainError(error);
    if (status === 500 && !isStatus(error)) this.#options.host.log.warn("a page of the dashboard could not be made", { error });
    return {
      title,
      status,
      content: html`<p role="alert" class="problem">${sentence}</p>
        <p><a href="./">Back to the overview</a></p>`,
    };
  }

  #sessionOf(headers: PageRequest["headers"]): Session | undefined {
    return this.#sessions.find(cookieValue(headers["cookie"], this.#options.cookie.name));
  }

  /** Requests that another web page has made the browser send must not be served, nor ones under another name. */
  #checkSource({ method, headers }: PageRequest): void {
    const hosts = this.#options.hosts?.();
    const { host = "", origin, "sec-fetch-site": site } = headers;
    if (hosts !== undefined && !hosts.includes(host)) throw new PageError(421, "The dashboard is not served under this name.");
    if (method !== "POST") return;
    if (hosts !== undefined && origin !== undefined && !hosts.some((each) => origin === `http://${each}`))
      throw new PageError(403, "The form was sent by another web page.");
    if (site !== undefined && site !== "same-origin" && site !== "none") throw new PageError(403, "The form was sent by another web page.");
  }

  #refuse(request: PageRequest): PageReply {
    if (this.#options.entrance.type === "link") return plain(noLinkPage());
    if (request.page === "") return plain(signInPage());
    return redirect("./sign-in");
  }

  async #enterByLink(token: string, session: Session | undefined): Promise<PageReply> {
    const { entrance } = this.#options;
    // Who is in already, and comes by the same link again, is not sent away.
    if (session !== undefined) return redirect("./");
    if (entrance.type !== "link" || this.#isLinkUsed || !sameText(entrance.token, token)) return plain(noLinkPage());
    this.#isLinkUsed = true;
    try {
      return await this.#begin(entrance.connect());
    } catch (error) {
      // A cluster that is just away must not use the link up.
      this.#isLinkUsed = false;
      throw error;
    }
  }

  async #signIn({ method, form }: PageRequest, before: Session | undefined): Promise<PageReply> {
    const { entrance } = this.#options;
    if (entrance.type === "link") return plain(noLinkPage());
    if (method !== "POST") return plain(signInPage());
    const token = form.get("token")?.trim() ?? "";
    if (!/^[\x21-\x7e]+$/.test(token)) return plain(signInPage("That is not a token: it is one word without spaces."));
    try {
      const reply = await this.#begin(entrance.connect(token));
      if (before !== undefined) this.#sessions.end(before);
      return reply;
    } catch (error) {
      if (!isStatus(error, "Unauthorized")) throw error;
      return plain(signInPage("The API server does not accept this token. It may have run out, or be of another cluster."));
    }
  }

  async #begin(connection: Connection): Promise<PageReply> {
    try {
      const user = await userOf(connection);
      if (user === ANONYMOUS && this.#options.entrance.type === "token")
        throw new PageError(401, "The API server does not know you by this token.");
      const session = this.#sessions.begin(connection, user);
      return redirect("./", this.#cookie(session.id));
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #act(context: PageContext): Promise<PageReply> {
    const { session, request } = context;
    if (!sameText(request.form.get("form-token") ?? "", session.formToken))
      throw new PageError(403, "The form is not of this session. Load the page again and send it once more.");
    if (request.page === "sign-out") return this.#signOut(session);
    const action = ACTIONS.get(request.page);
    if (action === undefined) throw new PageError(404, "There is no such action.");
    const result = await action(context);
    return typeof result === "string" ? redirect(result) : framed(result, context);
  }

  #signOut(session: Session): PageReply {
    this.#sessions.end(session);
    return redirect("./", `${this.#cookie("")}; Max-Age=0`);
  }

  #cookie(value: string): string {
    const { name, path } = this.#options.cookie;
    // Lax: links from elsewhere lead to pages; what changes something is guarded by the form's token besides.
    return `${name}=${value}; HttpOnly; SameSite=Lax${path === undefined ? "" : `; Path=${path}`}`;
  }
}

async function show(context: PageContext): Promise<PageReply> {
  const { page } = context.request;
  const stream = STREAMS.get(page);
  if (stream !== undefined) return stream(context);
  const handler = PAGES.get(page);
  if (handler === undefined) throw new PageError(404, "There is no such page.");
  return framed(await handler(context), context);
}

async function framed(page: Page, context: PageContext): Promise<PageReply> {
  return { status: page.status ?? 200, headers: HTML, body: await renderFramed(page, context) };
}

function plain(page: Page): PageReply {
  return { status: page.status ?? 200, headers: HTML, body: renderPlain(page) };
}

function redirect(location: string, cookie?: string): PageReply {
  return { status: 303, headers: { location, ...(cookie === undefined ? {} : { "set-cookie": cookie }) }, body: "" };
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}
