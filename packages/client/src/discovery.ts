import { messageOf } from "@skiff/base";
import type { APIGroupList, APIResource, APIResourceList, APIVersions, KubeObject, Resource } from "@skiff/api";
import type { Client } from "./client.ts";

/** A resource that a server serves, in the version that it prefers. */
export interface DiscoveredResource extends Resource<KubeObject> {
  readonly verbs: readonly string[];
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** What a server serves. */
export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  /** Groups that could not be asked (an aggregated server that is away, say), with the reason: the answer lacks these. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * Asks the server which resources it has: each once, in the preferred version of its group or, where that lacks it, in
 * another one. Subresources are left out.
 *
 * Errors: rejects when the list of groups itself cannot be read; a single group that fails is named in `failures`.
 */
export async function discoverResources(client: Client): Promise<Discovery> {
  const get = async (path: string): Promise<unknown> => client.raw({ method: "GET", path });
  const core = (await get("/api")) as APIVersions;
  const groups = (await get("/apis")) as APIGroupList;
  const paths = core.versions.map((version) => ({ group: "", groupVersion: version, path: `/api/${version}` }));
  for (const { name, versions, preferredVersion } of groups.groups) {
    // The preferred version first: what comes first wins.
    const order = [...versions].sort(
      (a, b) => Number(b.version === preferredVersion?.version) - Number(a.version === preferredVersion?.version),
    );
    for (const { groupVersion } of order) paths.push({ group: name, groupVersion, path: `/apis/${groupVersion}` });
  }
  const failures = new Map<string, string>();
  const lists = await Promise.all(
    paths.map(async ({ groupVersion, path }) => {
      try {
        return (await get(path)) as APIResourceList;
      } catch (error) {
        failures.set(groupVersion, messageOf(error));
        return undefined;
      }
    }),
  );
  const resources = new Map<string, DiscoveredResource>();
  for (const [index, { group, groupVersion }] of paths.entries()) {
    for (const resource of lists[index]?.resources ?? []) {
      const key = `${group}/${resource.name}`;
      if (!resource.name.includes("/") && !resources.has(key)) resources.set(key, discovered(resource, group, groupVersion));
    }
  }
  return { resources: [...resources.values()], failures };
}

function discovered(resource: APIResource, group: string, groupVersion: string): DiscoveredResource {
  const { name, kind, namespaced, verbs, singularName, shortNames = [], categories = [] } = resource;
  const version = groupVersion.slice(groupVersion.indexOf("/") + 1);
  return { group, version, kind, plural: name, namespaced, verbs, singular: singularName, shortNames, categories };
}
