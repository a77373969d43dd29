import type { ServerCore } from "../server-core.ts";
import { comparePreference } from "../served-resources.ts";

/** A group with its versions, the most preferred first. */
export interface ServedGroup {
  readonly group: string;
  readonly versions: readonly string[];
}

/** Everything that clients can address: what the server serves itself, then what extension servers do, by priority. */
export function servedGroups({ resources, aggregation }: Pick<ServerCore, "resources" | "aggregation">): ServedGroup[] {
  const groups = new Map(resources.groups().map(({ group, versions }) => [group, [...versions]]));
  const remote = aggregation?.apis.versions() ?? [];
  const ordered = remote.sort(
    (a, b) => b.groupPriority - a.groupPriority || b.versionPriority - a.versionPriority || comparePreference(a.version, b.version),
  );
  for (const { group, version } of ordered) {
    const versions = groups.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    groups.set(group, versions);
  }
  return [...groups].map(([group, versions]) => ({ group, versions }));
}
