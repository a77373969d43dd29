const DOMAIN =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?$/;
const IPV6_DOMAIN = /^\[[a-fA-F0-9:]+\](?::[0-9]+)?$/;
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
/** The longest name that registries accept, domain included. */
const MAX_NAME_LENGTH = 255;

/** An image name taken apart (the grammar of the distribution project, which Docker and containerd share). */
export interface ImageReference {
  /** `docker.io` when the name has none. */
  readonly domain: string;
  /** `library/nginx`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Takes an image name apart; undefined when it is none. */
export function parseImageReference(name: string): ImageReference | undefined {
  const at = name.indexOf("@");
  const digest = at < 0 ? undefined : name.slice(at + 1);
  const tagged = at < 0 ? name : name.slice(0, at);
  const colon = tagged.lastIndexOf(":");
  const hasTag = colon > tagged.lastIndexOf("/");
  const tag = hasTag ? tagged.slice(colon + 1) : undefined;
  const full = hasTag ? tagged.slice(0, colon) : tagged;
  if ((digest !== undefined && !DIGEST.test(digest)) || (tag !== undefined && !TAG.test(tag))) return undefined;
  const slash = full.indexOf("/");
  const first = slash < 0 ? "" : full.slice(0, slash);
  // The first part is a registry when it could not be a part of a path.
  const isDomain = first === "localhost" || first.includes(".") || first.includes(":") || first !== first.toLowerCase();
  const domain = isDomain ? first : "docker.io";
  const rest = isDomain ? full.slice(slash + 1) : full;
  if (!DOMAIN.test(domain) && !IPV6_DOMAIN.test(domain)) return undefined;
  if (!rest.split("/").every((part) => PATH_PART.test(part)) || full.length > MAX_NAME_LENGTH) return undefined;
  const path = domain === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The name with `:latest` when it has neither tag nor digest; undefined when it is not a name. */
export function withDefaultTag(name: string): string | undefined {
  const reference = parseImageReference(name);
  if (reference === undefined) return undefined;
  return reference.tag === undefined && reference.digest === undefined ? `${name}:latest` : name;
}
