import type { Environment } from "@marcbachmann/cel-js";

/** An absolute URL, or a path that begins with a slash. */
class KubernetesUrl {
  readonly url: URL;
  readonly isAbsolute: boolean;

  constructor(text: string) {
    this.isAbsolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
    if (!this.isAbsolute && !text.startsWith("/"))
      throw new Error(`URL parse error during conversion from string: invalid URI for request`);
    this.url = new URL(text, "http://path.invalid");
  }
}

function parses(text: string): boolean {
  try {
    return new KubernetesUrl(text) instanceof KubernetesUrl;
  } catch {
    return false;
  }
}

function queryOf({ url }: KubernetesUrl): Map<string, string[]> {
  const query = new Map<string, string[]>();
  for (const key of url.searchParams.keys()) query.set(key, url.searchParams.getAll(key));
  return query;
}

/** Kubernetes' functions on URLs: `url(object.spec.endpoint).getHostname()`. */
export function addUrlLibrary(environment: Environment): void {
  const type = "kubernetes.URL";
  const part =
    (get: (url: URL) => string) =>
    (value: KubernetesUrl): string =>
      value.isAbsolute ? get(value.url) : "";
  environment
    .registerType(type, { ctor: KubernetesUrl, fields: {} })
    .registerFunction(`url(string): ${type}`, (text: string) => new KubernetesUrl(text))
    .registerFunction("isURL(string): bool", parses)
    .registerFunction(
      `${type}.getScheme(): string`,
      part((url) => url.protocol.slice(0, -1)),
    )
    .registerFunction(
      `${type}.getHost(): string`,
      part((url) => url.host),
    )
    .registerFunction(
      `${type}.getHostname(): string`,
      part((url) => url.hostname.replace(/^\[|\]$/g, "")),
    )
    .registerFunction(
      `${type}.getPort(): string`,
      part((url) => url.port),
    )
    .registerFunction(`${type}.getEscapedPath(): string`, ({ url }: KubernetesUrl) => url.pathname)
    .registerFunction(`${type}.getQuery(): map<string, list<string>>`, queryOf);
}
