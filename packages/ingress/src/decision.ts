import { splitHost, type ClientConnection } from "./forwarded-headers.ts";
import { redirectToTls, statusPage, type OwnAnswer } from "./http-messages.ts";
import type { RouteMatch } from "./route-matcher.ts";

/** The head of a request, whichever version of HTTP it came by. */
export interface RequestHead {
  /** The `Host` header or `:authority`. */
  readonly host: string | undefined;
  /** Path and query. */
  readonly url: string;
  /** The `Content-Length`, if there is one. */
  readonly contentLength: number | undefined;
}

/** What becomes of a request. */
type Decision =
  | { readonly action: "answer"; readonly answer: OwnAnswer; readonly match?: RouteMatch }
  | { readonly action: "proxy"; readonly match: RouteMatch };

/** Decides by the head alone. */
export function decide(
  head: RequestHead,
  client: Pick<ClientConnection, "isTls">,
  match: (host: string, url: string) => RouteMatch | undefined,
): Decision {
  const { host, url, contentLength } = head;
  const name = host === undefined ? undefined : splitHost(host)?.name;
  // `OPTIONS *`, and absolute addresses as only proxies get them, have no path to route by.
  if (name === undefined || !url.startsWith("/")) return { action: "answer", answer: statusPage(400) };
  const found = match(name, url);
  if (found === undefined) return { action: "answer", answer: statusPage(404) };
  const { route } = found;
  if (route.redirectToTls && !client.isTls) return { action: "answer", answer: redirectToTls(name, url), match: found };
  if (route.bodyLimit > 0 && (contentLength ?? 0) > route.bodyLimit) return { action: "answer", answer: statusPage(413), match: found };
  if (route.backend.endpoints.length === 0) return { action: "answer", answer: statusPage(503), match: found };
  return { action: "proxy", match: found };
}

/** Methods that may be sent a second time when it is not known whether the first attempt did something (RFC 9110, 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * Whether a request whose attempt failed may go to another endpoint: always while nothing of it was sent; afterwards only when
 * it is idempotent and its body, if any, was not touched.
 */
export function mayRetry(method: string, progress: { readonly isConnected: boolean; readonly isBodyTouched: boolean }): boolean {
  return !progress.isConnected || (IDEMPOTENT.has(method) && !progress.isBodyTouched);
}
