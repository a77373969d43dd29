import type { ServerRequest } from "../server-request.ts";

/** Headers that are about one connection only (RFC 9110, 7.6.1), or whose value changes with the connection. */
const PER_CONNECTION = new Set([
  "connection",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
]);

/** Who asks is the API server's business; nodes and Pods must not get hold of credentials. */
const CREDENTIALS = /^(authorization$|impersonate-|x-remote-)/;

/** The request's headers as a node or Pod may see them. */
export function passedHeaders({ headers, remoteAddress }: ServerRequest): Record<string, string> {
  const passed: Record<string, string> = {};
  const named = new Set(
    (headers["connection"] ?? "")
      .toLowerCase()
      .split(",")
      .map((token) => token.trim()),
  );
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || PER_CONNECTION.has(name) || CREDENTIALS.test(name) || named.has(name)) continue;
    passed[name] = value;
  }
  if (remoteAddress !== undefined) {
    const before = headers["x-forwarded-for"];
    passed["x-forwarded-for"] = before === undefined ? remoteAddress : `${before}, ${remoteAddress}`;
  }
  return passed;
}

/** The same with what a change of protocol needs. */
export function upgradeHeaders(request: ServerRequest): Record<string, string> {
  return { ...passedHeaders(request), connection: "Upgrade", upgrade: request.headers["upgrade"] ?? "" };
}

/** The headers of an answer without those of the connection that it came on. */
export function answeredHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PER_CONNECTION.has(name) || name === "content-length"));
}
