/** The tag of an image reference: `latest` when it has neither tag nor digest, empty when it has only a digest. */
export function imageTag(reference: string): string {
  const [named = "", digest] = reference.split("@", 2);
  const tag = /:([^:/]*)$/.exec(named.slice(named.lastIndexOf("/") + 1))?.[1];
  return tag ?? (digest === undefined ? "latest" : "");
}

/** The pull policy of an image whose container names none: `Always` for `latest`, as it moves. */
export function defaultPullPolicy(reference: string): "Always" | "IfNotPresent" {
  return imageTag(reference) === "latest" ? "Always" : "IfNotPresent";
}
