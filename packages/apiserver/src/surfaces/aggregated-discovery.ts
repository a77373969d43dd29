import type { ExtensionResource } from "../aggregation/aggregated-apis.ts";
import type { ServedResource } from "../served-resources.ts";
import type { ServerCore } from "../server-core.ts";
import { servedGroups } from "./served-groups.ts";
import { namesOf, subresourcesOf, verbsOf, type ResponseKind } from "./discovered-resource.ts";

/** The versions of `apidiscovery.k8s.io` that clients may ask for. */
export type DiscoveryVersion = "v2" | "v2beta1";

/** Everything that is served in one document (KEP-3352): the core group for `/api`, all others for `/apis`. */
export function groupDiscoveryList(core: DiscoverySource, root: "api" | "apis", version: DiscoveryVersion): Record<string, unknown> {
  const groups = servedGroups(core).filter(({ group }) => (group === "") === (root === "api"));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: { name: group },
      versions: versions.map((each) => describeVersion(core, group, each)),
    })),
  };
}

type DiscoverySource = Pick<ServerCore, "resources" | "aggregation">;

function describeVersion({ resources, aggregation }: DiscoverySource, group: string, version: string): Record<string, unknown> {
  const own = resources.inVersion(group, version);
  if (own !== undefined) {
    const sorted = own.sort((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1));
    return { version, resources: sorted.map(describeResource), freshness: "Current" };
  }
  const remote = aggregation?.apis.versions().find((each) => each.group === group && each.version === version)?.resources;
  // Clients are told that more is there than can be listed at present.
  if (remote === undefined) return { version, resources: [], freshness: "Stale" };
  return { version, resources: describeExtensionResources(remote, group, version), freshness: "Current" };
}

/** The plain list of an extension server in the newer form, subresources below their resources. */
function describeExtensionResources(list: readonly ExtensionResource[], group: string, version: string): Record<string, unknown>[] {
  const kindOf = (each: ExtensionResource): ResponseKind => ({
    group: each.group || group,
    version: each.version || version,
    kind: each.kind,
  });
  return list
    .filter(({ name }) => !name.includes("/"))
    .map((resource) => {
      const subresources = list
        .filter(({ name }) => name.startsWith(`${resource.name}/`))
        .map((each) => ({ subresource: each.name.slice(resource.name.length + 1), responseKind: kindOf(each), verbs: each.verbs }));
      return {
        resource: resource.name,
        responseKind: kindOf(resource),
        scope: resource.namespaced === true ? "Namespaced" : "Cluster",
        singularResource: resource.singularName ?? "",
        verbs: resource.verbs,
        shortNames: resource.shortNames,
        categories: resource.categories,
        subresources: subresources.length === 0 ? undefined : subresources,
      };
    });
}

function describeResource(resource: ServedResource): Record<string, unknown> {
  const { kind, group, version } = resource;
  const subresources = subresourcesOf(resource).map(({ name, responseKind, verbs }) => ({
    subresource: name,
    responseKind: named(responseKind),
    verbs,
  }));
  return {
    resource: kind.plural,
    responseKind: named({ group, version, kind: kind.kind }),
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: verbsOf(resource),
    ...namesOf(resource),
    subresources: subresources.length === 0 ? undefined : subresources,
  };
}

function named({ group, version, kind }: ResponseKind): ResponseKind {
  return { group, version, kind };
}
