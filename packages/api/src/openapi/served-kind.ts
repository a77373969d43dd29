import { ALL_VERBS, type KindDefinition, type KindVersion, type ScalePaths, type Verb } from "../kind.ts";
import { resourcePath } from "../resource.ts";
import type { OpenApiInput } from "./open-api.ts";
import type { GroupVersionKind } from "../schema/schema.ts";

/** One kind in one of the versions in which it is served. */
export interface ServedKind extends GroupVersionKind {
  readonly plural: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly schema: string;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly string[];
  readonly scale: ScalePaths | undefined;
  /** kubectl sends a strategic merge patch where the document offers it. */
  readonly strategicMergePatch: boolean;
}

/** Every version of every kind, in the order of the kinds. */
export function servedKinds({ kinds, removedVersions = false }: Pick<OpenApiInput, "kinds" | "removedVersions">): ServedKind[] {
  const inVersion = (kind: KindDefinition, { group, version, schema }: Pick<KindVersion, "group" | "version" | "schema">): ServedKind =>
    servedKind(kind, group ?? kind.group, version, schema);
  return kinds.flatMap((kind) => {
    const removed = removedVersions ? (kind.removedVersions ?? []) : [];
    return [kind, ...(kind.otherVersions ?? []), ...removed].map((version) => inVersion(kind, version));
  });
}

function servedKind(kind: KindDefinition, group: string, version: string, schema: string): ServedKind {
  const more = [...(kind.statusSubresource === true ? ["status"] : []), ...(kind.scale === undefined ? [] : ["scale"])];
  return {
    group,
    version,
    kind: kind.kind,
    plural: kind.plural,
    listKind: kind.listKind ?? `${kind.kind}List`,
    namespaced: kind.namespaced,
    schema,
    verbs: kind.verbs ?? ALL_VERBS,
    subresources: [...(kind.subresources ?? []), ...more].sort(),
    scale: kind.scale,
    strategicMergePatch: kind.strategicMergePatch ?? true,
  };
}

/** The definition's name of the kind's list. */
export function listSchemaName(kind: ServedKind): string {
  return kind.schema.slice(0, kind.schema.lastIndexOf(".") + 1) + kind.listKind;
}

/** `/apis/apps/v1`: where a group version is served. */
export function groupVersionPath({ group, version }: Pick<GroupVersionKind, "group" | "version">): string {
  return resourcePath({ group, version, plural: "", namespaced: false }).replace(/\/$/, "");
}

/** The group as operation ids have it: `RbacAuthorization` for `rbac.authorization.k8s.io`. */
export function groupWords(group: string): string {
  if (group === "") return "Core";
  const words = group.replace(/\.k8s\.io$/, "").split(/[.-]/);
  return words.map(capitalize).join("");
}

/** The first letter in upper case. */
export function capitalize(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
