import type { JsonObject, KubeList, KubeObject, Query } from "@skiff/api";
import type { DiscoveredResource } from "@skiff/client";
import type { Flags } from "./flags.ts";
import { KubectlError } from "./kubectl-error.ts";
import { hasManifests, readManifests, type ManifestObject } from "./manifest-files.ts";
import { parseResourceArguments } from "./resource-arguments.ts";
import { NoKindMatchError, singularName, type ResourceMapper } from "./resource-mapper.ts";
import type { Session } from "./session.ts";

/** An object that a command works on. */
export interface SelectedObject {
  readonly resource: DiscoveredResource;
  /** Absent for cluster-wide kinds. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** As the server has it; for manifests as it stands there. */
  readonly object: KubeObject & JsonObject;
  /** The file it came from; absent for objects of the server. */
  readonly source?: string;
}

/** `pod/x`, `deployment.apps/x`. */
export function objectName({ resource, name }: Pick<SelectedObject, "resource" | "name">): string {
  return `${singularName(resource)}/${name}`;
}

/** What an object is called in a message: `deployment.apps "x"`. */
export function quotedName({ resource, name }: Pick<SelectedObject, "resource" | "name">): string {
  return `${singularName(resource)} "${name}"`;
}

/** The selectors of the command line as they go into a query. */
export function selectorQuery(flags: Flags): Query {
  return { labelSelector: flags.maybe("selector"), fieldSelector: flags.maybe("field-selector") };
}

/** The object of a manifest with its resource and namespace. */
export async function resolveManifest(
  session: Session,
  mapper: ResourceMapper,
  { object, source }: ManifestObject,
): Promise<SelectedObject> {
  const { apiVersion = "", kind = "", metadata = {} } = object;
  let resource: DiscoveredResource;
  try {
    resource = await mapper.byKind(apiVersion, kind);
  } catch (error) {
    if (!(error instanceof NoKindMatchError)) throw error;
    const subject = `name: "${metadata.name ?? ""}" namespace: "${metadata.namespace ?? ""}" from "${source}"`;
    throw new KubectlError(`resource mapping not found for ${subject}: ${error.message}\nensure CRDs are installed first`, {
      cause: error,
    });
  }
  const name = metadata.name ?? "";
  if (!resource.namespaced) return { resource, namespace: undefined, name, object, source };
  const wanted = await session.namespace();
  if (session.hasExplicitNamespace && metadata.namespace && metadata.namespace !== wanted) {
    throw new KubectlError(
      `the namespace from the provided object "${metadata.namespace}" does not match the namespace "${wanted}". You must pass '--namespace=${metadata.namespace}' to perform this operation.`,
    );
  }
  const namespace = metadata.namespace ?? wanted;
  const placed = { ...object, metadata: { ...metadata, namespace } } as KubeObject & JsonObject;
  return { resource, namespace, name, object: placed, source };
}

/** What {@link selectObjects} may do. */
export interface SelectOptions {
  /** Words of the command line that name resources; default: all positional ones. */
  readonly words?: readonly string[];
  /** A type without names and selectors means all objects only with this. */
  readonly all?: boolean;
  /** Collects what could not be read, in place of throwing the first. */
  readonly errors?: unknown[];
  /** For manifests: ask the server for the objects. Default true. */
  readonly fromServer?: boolean;
}

/** The objects that the words, selectors or manifests of a command pick. */
export async function selectObjects(session: Session, flags: Flags, options: SelectOptions = {}): Promise<SelectedObject[]> {
  const mapper = await session.mapper();
  const words = options.words ?? flags.args;
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (options.errors === undefined) throw error;
      options.errors.push(error);
    }
  };
  const found: SelectedObject[] = [];
  if (hasManifests(flags)) {
    for (const manifest of await readManifests(session, flags)) {
      await attempt(async () => {
        const selected = await resolveManifest(session, mapper, manifest);
        const { resource, namespace, name } = selected;
        found.push(options.fromServer === false ? selected : { ...selected, object: await session.get(resource, namespace, name) });
      });
    }
    return found;
  }
  const { targets } = await parseResourceArguments(mapper, words);
  if (targets.length === 0) throw new KubectlError("you must provide one or more resources by argument or filename");
  const everywhere = flags.maybe("all-namespaces") !== undefined && flags.bool("all-namespaces");
  const hasSelector = flags.text("selector") !== "" || flags.text("field-selector") !== "";
  for (const { resource, names } of targets) {
    const namespace = resource.namespaced ? await session.namespace() : undefined;
    if (names !== undefined) {
      if (hasSelector) throw new KubectlError("name cannot be provided when a selector is specified");
      if (everywhere) throw new KubectlError("a resource cannot be retrieved by name across all namespaces");
      for (const name of names)
        await attempt(async () => void found.push({ resource, namespace, name, object: await session.get(resource, namespace, name) }));
      continue;
    }
    if (!hasSelector && !options.all) throw new KubectlError("resource(s) were provided, but no name was specified");
    await attempt(async () => {
      const list = (await session.request(
        resource,
        { namespace: everywhere ? undefined : namespace },
        { query: selectorQuery(flags) },
      )) as KubeList<KubeObject & JsonObject>;
      for (const item of list.items) found.push(selectedItem(resource, item));
    });
  }
  return found;
}

/** An item of a list, with the kind that lists leave out. */
export function selectedItem(resource: DiscoveredResource, item: KubeObject & JsonObject): SelectedObject {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  const object = { ...item, apiVersion: item.apiVersion ?? apiVersion, kind: item.kind ?? resource.kind } as KubeObject & JsonObject;
  return { resource, namespace: item.metadata?.namespace, name: item.metadata?.name ?? "", object };
}
