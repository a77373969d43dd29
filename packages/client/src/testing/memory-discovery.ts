import { ALL_VERBS, apiVersionOf, type KindDefinition } from "@skiff/api";

/** The discovery document at `path`, made from the kinds; `undefined` when there is none at that path. */
export function discoveryDocument(path: string, kinds: readonly KindDefinition[]): object | undefined {
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") {
    const groups = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== "");
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((group) => groupOf(group, kinds)) };
  }
  const [, root, ...rest] = path.split("/");
  const groupVersion = rest.join("/");
  if ((root !== "api" || rest.length !== 1) && (root !== "apis" || rest.length !== 2)) return undefined;
  const own = kinds.filter((kind) => apiVersionOf(kind) === groupVersion);
  const resources = own.map(({ plural, singular, kind, namespaced, verbs = ALL_VERBS }) => ({
    name: plural,
    singularName: singular,
    kind,
    namespaced,
    verbs,
  }));
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

function groupOf(group: string, kinds: readonly KindDefinition[]): object {
  const versions = [...new Set(kinds.filter((kind) => kind.group === group).map(({ version }) => version))].map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}
