/** Models that `src/` declares by hand, and where. */
export const HAND_WRITTEN: ReadonlyMap<string, string> = new Map([
  ["V1ObjectMeta", "ObjectMeta"],
  ["V1OwnerReference", "OwnerReference"],
  ["V1ManagedFieldsEntry", "ManagedFieldsEntry"],
  ["V1ListMeta", "ListMeta"],
  ["V1Status", "Status"],
  ["V1StatusCause", "StatusCause"],
  ["V1StatusDetails", "StatusDetails"],
  ["V1WatchEvent", "WatchEvent"],
]);

/** Where two groups have a model of the same name: the group whose model keeps the bare name. Default: core. */
const KEEPS_BARE_NAME: ReadonlyMap<string, string> = new Map([
  ["TokenRequest", "Authentication"],
  ["Subject", "Rbac"],
  ["ResourceClaim", "Resource"],
]);

/**
 * The name of our type for a model: the kind's own name for the newest stable version (`Pod`,
 * `HorizontalPodAutoscaler`), with the version in front for the others (`V1HorizontalPodAutoscaler`,
 * `V1beta1IPAddress`), and with the group in front where two groups share a name and another one keeps it
 * (`EventsEvent`).
 */
export function typeName(className: string, all: ReadonlySet<string>): string {
  const grouped = /^([A-Z][a-z]+)V1([A-Z].*)$/.exec(className);
  if (grouped !== null && !/^V\d/.test(className)) {
    const [, group = "", rest = ""] = grouped;
    return group === (KEEPS_BARE_NAME.get(rest) ?? "Core") ? rest : `${group}${rest}`;
  }
  const versioned = /^V(\d+)([A-Z].*)$/.exec(className);
  if (versioned !== null) {
    const [, version = "", rest = ""] = versioned;
    return version === "1" && all.has(`V2${rest}`) ? className : rest;
  }
  return className;
}
