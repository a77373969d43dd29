/** Header names in lower case with their values, as `node:http` gives and takes them. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is known of a client's connection. */
export interface ClientConnection {
  readonly address: string;
  readonly isTls: boolean;
  /** The port that the client asked for: that of the `Host` header, else the usual one. */
  readonly port: number;
}

/** Headers that concern one connection only (RFC 9110, 7.6.1), and those that HTTP/2 has in another form. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The headers without those of the connection, and without those that `connection` names. */
export function endToEnd(headers: Headers): Record<string, string | string[]> {
  const named = String(headers["connection"] ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(":") || HOP_BY_HOP.has(name) || named.includes(name)) continue;
    kept[name] = typeof value === "string" ? value : [...value];
  }
  return kept;
}

/**
 * What a backend gets: the client's headers, and where the request comes from. The `X-Forwarded-*` headers are set anew, as
 * by ingress-nginx: a client could have made them up.
 */
export function requestHeaders(
  headers: Headers,
  host: string,
  client: ClientConnection,
  requestId: string,
): Record<string, string | string[]> {
  const scheme = client.isTls ? "https" : "http";
  const given = headers["x-request-id"];
  return {
    ...endToEnd(headers),
    host,
    "x-request-id": typeof given === "string" && given.length <= 128 ? given : requestId,
    "x-real-ip": client.address,
    "x-forwarded-for": client.address,
    "x-forwarded-host": host,
    "x-forwarded-port": String(client.port),
    "x-forwarded-proto": scheme,
    "x-forwarded-scheme": scheme,
    "x-scheme": scheme,
  };
}

/** The name in a `Host` header and its port; `undefined` for what is no host. */
export function splitHost(header: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const [, name = "", port] = /^(\[[\da-f:.]+\]|[\w.-]{1,253})(?::(\d{1,5}))?$/i.exec(header) ?? [];
  return name === "" ? undefined : { name: name.replace(/\.$/, ""), port: port === undefined ? undefined : Number(port) };
}
