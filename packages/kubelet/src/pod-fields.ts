import { Quantity, tryParseQuantity, type Container, type Pod, type ResourceFieldSelector } from "@skiff/api";

/** What the downward API may ask for beside the object: what only the node knows. */
export interface NodeSideFields {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  /** What a container without a limit may use. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The value of `fieldRef.fieldPath`. Errors: throws for paths that the downward API does not have. */
export function podField(pod: Pod, fieldPath: string, fields: NodeSideFields): string {
  const { metadata, spec } = pod;
  const [, kind, key] = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath) ?? [];
  if (kind !== undefined && key !== undefined) return metadata?.[kind as "labels" | "annotations"]?.[key] ?? "";
  switch (fieldPath) {
    case "metadata.name":
      return metadata?.name ?? "";
    case "metadata.namespace":
      return metadata?.namespace ?? "";
    case "metadata.uid":
      return metadata?.uid ?? "";
    case "metadata.labels":
      return formatMap(metadata?.labels);
    case "metadata.annotations":
      return formatMap(metadata?.annotations);
    case "spec.nodeName":
      return spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return fields.hostIps[0] ?? "";
    case "status.hostIPs":
      return fields.hostIps.join(",");
    case "status.podIP":
      return fields.podIps[0] ?? "";
    case "status.podIPs":
      return fields.podIps.join(",");
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

/** `key="value"` lines, sorted by key, the values quoted as Go does. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map?.[key])}`)
    .join("\n");
}

/** The value of `resourceFieldRef`, in units of its divisor, rounded up. Errors: throws for resources that it does not have. */
export function resourceField(container: Container, selector: ResourceFieldSelector, fields: NodeSideFields): string {
  const dot = selector.resource.indexOf(".");
  const list = selector.resource.slice(0, dot) as "limits" | "requests";
  const name = selector.resource.slice(dot + 1);
  const known = ["cpu", "memory", "ephemeral-storage"].includes(name) || name.startsWith("hugepages-");
  if ((list !== "limits" && list !== "requests") || !known) throw new Error(`unsupported container resource : ${selector.resource}`);
  const written = container.resources?.[list]?.[name];
  const fallback = list === "limits" ? fields.allocatable[name] : undefined;
  const amount = tryParseQuantity(written ?? fallback) ?? Quantity.zero;
  const divisor = tryParseQuantity(selector.divisor);
  const unit = divisor === undefined || divisor.isZero ? 1_000_000_000n : divisor.nano;
  return String((amount.nano + unit - 1n) / unit);
}
