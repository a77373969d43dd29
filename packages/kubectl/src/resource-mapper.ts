import { apiVersionOf, isStatus, parseApiVersion, type APIResourceList } from "@skiff/api";
import { discoveredResource, discoverResources, type Client, type DiscoveredResource } from "@skiff/client";
import { KubectlError } from "./kubectl-error.ts";

/** Thrown when the server serves no such kind; manifests with it cannot be handled. */
export class NoKindMatchError extends KubectlError {}

/** Knows what the server serves, and finds resources by whatever name a user writes. */
export class ResourceMapper {
  readonly #client: Client;
  readonly resources: readonly DiscoveredResource[];
  readonly failures: ReadonlyMap<string, string>;
  readonly #versions = new Map<string, Promise<APIResourceList | undefined>>();

  private constructor(client: Client, resources: readonly DiscoveredResource[], failures: ReadonlyMap<string, string>) {
    this.#client = client;
    this.resources = resources;
    this.failures = failures;
  }

  static async discover(client: Client): Promise<ResourceMapper> {
    const { resources, failures } = await discoverResources(client);
    return new ResourceMapper(client, resources, failures);
  }

  /**
   * The resource that a user means with `po`, `pod`, `Pods`, `deployments.apps` or `deployments.v1.apps`.
   *
   * Errors: {@link KubectlError} in kubectl's words when there is none.
   */
  async byName(text: string): Promise<DiscoveredResource> {
    const name = text.toLowerCase();
    const [first = "", ...rest] = name.split(".");
    const group = rest.join(".");
    const found = this.#find(first, group) ?? this.#find(name, "");
    if (found !== undefined) return found;
    const [version = "", ...groupParts] = rest;
    const versioned = /^v\d/.test(version) ? this.#find(first, groupParts.join("."), true) : undefined;
    if (versioned === undefined) throw new KubectlError(`the server doesn't have a resource type "${text}"`);
    return this.byKind(apiVersionOf({ group: versioned.group, version }), versioned.kind);
  }

  #find(name: string, group: string, exact = false): DiscoveredResource | undefined {
    const fits = (resource: DiscoveredResource): boolean => {
      if (exact ? resource.group !== group : group !== "" && resource.group !== group && !resource.group.startsWith(group)) return false;
      return (
        resource.plural === name || (resource.singular || resource.kind.toLowerCase()) === name || resource.kind.toLowerCase() === name
      );
    };
    return (
      this.resources.find((resource) => (group === "" || resource.group === group) && fits(resource)) ??
      this.resources.find(fits) ??
      this.resources.find((resource) => resource.shortNames.includes(name) && (group === "" || resource.group === group))
    );
  }

  /** The resources of a category such as `all`; empty when `text` is none. */
  category(text: string): readonly DiscoveredResource[] {
    return this.resources.filter(({ categories }) => categories.includes(text.toLowerCase()));
  }

  /**
   * The resource of the objects of a kind, in exactly that version.
   *
   * Errors: {@link NoKindMatchError} when the server does not serve it.
   */
  async byKind(apiVersion: string, kind: string): Promise<DiscoveredResource> {
    const { group, version } = parseApiVersion(apiVersion);
    const preferred = this.resources.find((resource) => resource.group === group && resource.kind === kind && resource.version === version);
    if (preferred !== undefined) return preferred;
    const resources = (await this.#version(apiVersion))?.resources ?? [];
    const served = resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (served === undefined) throw new NoKindMatchError(`no matches for kind "${kind}" in version "${apiVersion}"`);
    return discoveredResource(served, apiVersion, resources);
  }

  #version(apiVersion: string): Promise<APIResourceList | undefined> {
    let list = this.#versions.get(apiVersion);
    if (list === undefined) {
      const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      list = this.#client.raw({ method: "GET", path }).then(
        (body) => body as APIResourceList,
        (error: unknown) => {
          if (isStatus(error, "NotFound")) return undefined;
          throw error;
        },
      );
      this.#versions.set(apiVersion, list);
    }
    return list;
  }
}

/** `pod`, `deployment.apps`: how messages name the kind of an object. */
export function singularName(resource: DiscoveredResource): string {
  const singular = resource.singular || resource.kind.toLowerCase();
  return resource.group === "" ? singular : `${singular}.${resource.group}`;
}
