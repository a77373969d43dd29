import { messageOf } from "@skiff/base";
import {
  parseApiVersion,
  type APIGroupList,
  type APIResource,
  type APIResourceList,
  type APIVersions,
  type KubeObject,
  type Resource,
} from "@skiff/api";
import type { Client } from "./client.ts";

/** A resource that a server serves, in the version that it prefers. */
export interface DiscoveredResource extends Resource<KubeObject> {
  readonly verbs: readonly string[];
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** `scale`, `status`, …, in the version that was taken. */
  readonly subresources: readonly string[];
}

/** What a server serves. */
export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  /** Groups that could not be asked (an aggregated server that is away, say), with the reason: the answer lacks these. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * Asks the server which resources it has: each once, in the preferred version of its group or, where that lacks it, in
 * another one. Subresources stand with their resource.
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
    const served = lists[index]?.resources ?? [];
    for (const resource of served) {
      const key = `${group}/${resource.name}`;
      if (!resource.name.includes("/") && !resources.has(key)) resources.set(key, discoveredResource(resource, groupVersion, served));
    }
  }
  return { resources: [...resources.values()], failures };
}

/** What `served`, the resources of one version of a group, say about one of them. */
export function discoveredResource(resource: APIResource, groupVersion: string, served: readonly APIResource[]): DiscoveredResource {
  const { name, kind, namespaced, verbs, singularName, shortNames = [], categories = [] } = resource;
  const subresources = served.flatMap((each) => (each.name.startsWith(`${name}/`) ? [each.name.slice(name.length + 1)] : []));
  const { group, version } = parseApiVersion(groupVersion);
  return { group, version, kind, plural: name, namespaced, verbs, singular: singularName, shortNames, categories, subresources };
}
