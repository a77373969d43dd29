import type { ServedResource, ServedResources } from "../served-resources.ts";
import { namesOf, subresourcesOf, verbsOf, type ResponseKind } from "./discovered-resource.ts";

/** The versions of `apidiscovery.k8s.io` that clients may ask for. */
export type DiscoveryVersion = "v2" | "v2beta1";

/** Everything that is served in one document (KEP-3352): the core group for `/api`, all others for `/apis`. */
export function groupDiscoveryList(resources: ServedResources, root: "api" | "apis", version: DiscoveryVersion): Record<string, unknown> {
  const groups = resources.groups().filter(({ group }) => (group === "") === (root === "api"));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: { name: group },
      versions: versions.map((each) => ({
        version: each,
        resources: (resources.inVersion(group, each) ?? []).sort((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1)).map(describeResource),
        freshness: "Current",
      })),
    })),
  };
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
