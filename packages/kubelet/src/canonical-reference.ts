import { parseImageReference } from "./image-reference.ts";

/**
 * A reference in the form in which runtimes store it: `nginx` is `docker.io/library/nginx:latest`. What is not a
 * reference (an id, for example) comes back as it is.
 */
export function canonicalReference(reference: string): string {
  // An id looks like the image `sha256` with a tag; Docker and containerd take it as an id too.
  if (/^sha256:[0-9a-f]{64}$/.test(reference)) return reference;
  const parsed = parseImageReference(reference);
  if (parsed === undefined) return reference;
  const { tag, digest } = parsed;
  // `index.docker.io` is the older name of the same registry.
  const domain = parsed.domain === "index.docker.io" ? "docker.io" : parsed.domain;
  const path = domain === "docker.io" && !parsed.path.includes("/") ? `library/${parsed.path}` : parsed.path;
  const suffix = digest === undefined ? `:${tag ?? "latest"}` : `${tag === undefined ? "" : `:${tag}`}@${digest}`;
  return `${domain}/${path}${suffix}`;
}
