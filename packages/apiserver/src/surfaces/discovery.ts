import { apiVersionOf } from "@skiff/api";
import type { ServedResource, ServedResources } from "../served-resources.ts";
import type { ServedGroup } from "./served-groups.ts";
import { namesOf, subresourcesOf, verbsOf } from "./discovered-resource.ts";

/** `/api` (`metav1.APIVersions`). `serverAddress` is where clients of any network reach the server. */
export function apiVersions(resources: ServedResources, serverAddress: string): Record<string, unknown> {
  const versions = resources.groups().find(({ group }) => group === "")?.versions ?? [];
  return { kind: "APIVersions", versions, serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }] };
}

/** `/apis` (`metav1.APIGroupList`): every group but the core one. */
export function apiGroupList(groups: readonly ServedGroup[]): Record<string, unknown> {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.filter(({ group }) => group !== "").map(describeGroup) };
}

/** `/apis/<group>` (`metav1.APIGroup`); `undefined` when the group is not served. */
export function apiGroup(groups: readonly ServedGroup[], group: string): Record<string, unknown> | undefined {
  const found = groups.find((each) => each.group === group && group !== "");
  return found === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...describeGroup(found) };
}

/** `/api/v1`, `/apis/<group>/<version>` (`metav1.APIResourceList`); `undefined` when the version is not served. */
export function apiResourceList(resources: ServedResources, group: string, version: string): Record<string, unknown> | undefined {
  const inVersion = resources.inVersion(group, version);
  if (inVersion === undefined) return undefined;
  const sorted = inVersion.sort((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1));
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group, version }),
    resources: sorted.flatMap(describeResource),
  };
}

function describeGroup({ group, versions }: ServedGroup): Record<string, unknown> {
  const described = versions.map((version) => ({ groupVersion: apiVersionOf({ group, version }), version }));
  return { name: group, versions: described, preferredVersion: described[0] };
}

function describeResource(resource: ServedResource): Record<string, unknown>[] {
  const { kind } = resource;
  const own = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: verbsOf(resource),
    ...namesOf(resource),
  };
  const subresources = subresourcesOf(resource).map(({ name, responseKind, verbs }) => ({
    name: `${kind.plural}/${name}`,
    singularName: "",
    namespaced: kind.namespaced,
    // Named only where it differs from the list's.
    ...(responseKind.group === resource.group && responseKind.version === resource.version
      ? {}
      : { group: responseKind.group, version: responseKind.version }),
    kind: responseKind.kind,
    verbs,
  }));
  return [own, ...subresources];
}
