/**
 * A reference in the form in which containerd stores it: `nginx` is `docker.io/library/nginx:latest`. The part before
 * the first slash is a registry only when it has a dot or a colon, or is `localhost`.
 */
export function canonicalReference(reference: string): string {
  const [name = "", digest] = reference.split("@");
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const hasRegistry = first.includes(".") || first.includes(":") || first === "localhost";
  const path = completePath(name, hasRegistry, first);
  if (digest !== undefined) return `${path}@${digest}`;
  return path.lastIndexOf(":") > path.lastIndexOf("/") ? path : `${path}:latest`;
}

function completePath(name: string, hasRegistry: boolean, registry: string): string {
  const rest = hasRegistry ? name.slice(registry.length + 1) : name;
  // `index.docker.io` is the older name of the same registry.
  const isHub = !hasRegistry || registry === "docker.io" || registry === "index.docker.io";
  if (!isHub) return name;
  return `docker.io/${rest.includes("/") ? "" : "library/"}${rest}`;
}
