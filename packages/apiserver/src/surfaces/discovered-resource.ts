import type { ServedResource } from "../served-resources.ts";

/** A kind that is spoken about. */
export interface ResponseKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A subresource as discovery shows it. */
interface DiscoveredSubresource {
  readonly name: string;
  /** What is sent and answered, which is another kind than the object for many. */
  readonly responseKind: ResponseKind;
  readonly verbs: readonly string[];
}

const READ_AND_WRITE = ["get", "patch", "update"];
const CONNECT = ["create", "get"];
const PROXY = ["create", "delete", "get", "patch", "update"];

/** What differs from the rule that a subresource speaks about the object's own kind and is read and written. */
const SPECIAL: Readonly<Record<string, { readonly verbs: readonly string[]; readonly kind?: (resource: ServedResource) => ResponseKind }>> =
  {
    approval: { verbs: READ_AND_WRITE },
    attach: { verbs: CONNECT, kind: ownGroup("PodAttachOptions") },
    binding: { verbs: ["create"], kind: ownGroup("Binding") },
    eviction: { verbs: ["create"], kind: () => ({ group: "policy", version: "v1", kind: "Eviction" }) },
    exec: { verbs: CONNECT, kind: ownGroup("PodExecOptions") },
    finalize: { verbs: ["update"] },
    log: { verbs: ["get"] },
    portforward: { verbs: CONNECT, kind: ownGroup("PodPortForwardOptions") },
    proxy: {
      verbs: PROXY,
      kind: (resource) => ({ group: resource.group, version: resource.version, kind: `${resource.kind.kind}ProxyOptions` }),
    },
    scale: { verbs: READ_AND_WRITE, kind: () => ({ group: "autoscaling", version: "v1", kind: "Scale" }) },
    token: { verbs: ["create"], kind: () => ({ group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" }) },
  };

/** The subresources of a resource, by name. */
export function subresourcesOf(resource: ServedResource): DiscoveredSubresource[] {
  const { kind } = resource;
  const names = [...(kind.subresources ?? [])];
  if (kind.scale !== undefined) names.push("scale");
  if (kind.statusSubresource) names.push("status");
  const own: ResponseKind = { group: resource.group, version: resource.version, kind: kind.kind };
  return names.sort().map((name) => {
    const special = SPECIAL[name];
    return { name, responseKind: special?.kind?.(resource) ?? own, verbs: special?.verbs ?? READ_AND_WRITE };
  });
}

/** Short names and categories, which versions that upstream has removed do not have: they would name each object twice. */
export function namesOf({ kind, removed }: ServedResource): Pick<ServedResource["kind"], "shortNames" | "categories"> {
  return removed ? {} : { shortNames: kind.shortNames, categories: kind.categories };
}

/** The verbs of a resource in the order of discovery. */
export function verbsOf(resource: ServedResource): string[] {
  return [...resource.verbs].sort();
}

function ownGroup(kind: string): (resource: ServedResource) => ResponseKind {
  return ({ group, version }) => ({ group, version, kind });
}
