import { assert } from "@skiff/base";
import { ALL_VERBS, apiVersionOf, type KindDefinition, type KindVersion, type KubeObject, type Verb } from "@skiff/api";
import type { VersionedStorage } from "./crd/versioned-storage.ts";
import { ObjectCodec } from "./registry/object-codec.ts";
import type { WatchCache } from "./registry/watch-cache.ts";
import type { VirtualResource } from "./virtual-resource.ts";

/** A kind in one of its versions, as clients address it. */
export interface ServedResource {
  readonly kind: KindDefinition;
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
  /** The name of the version's schema. */
  readonly schema: string;
  readonly verbs: ReadonlySet<Verb>;
  /** How the version is written. */
  readonly codec: ObjectCodec;
  /** Absent for the stored version. */
  readonly conversion: KindVersion | undefined;
  /** What clients of the version are warned of, when it is deprecated. */
  readonly deprecation: string | undefined;
  /** Converts between this version and the stored ones, for custom kinds of several versions. The pipeline works in this version then. */
  readonly storage: VersionedStorage | undefined;
  /** Where the objects are; absent for kinds that are computed. */
  readonly cache: WatchCache | undefined;
  /** Computes the answers for kinds that are not stored. */
  readonly virtual: VirtualResource | undefined;
  /** A version that upstream has removed: it is found by its name only, not by short names or categories. */
  readonly removed?: boolean;
  /** A custom resource: decoded by its structural schema, with types checked by validation. */
  readonly structural: boolean;
}

/** Where the objects of a kind come from. */
export interface ResourceSource {
  readonly cache?: WatchCache;
  readonly virtual?: VirtualResource;
  readonly structural?: boolean;
  /** The versions that clients may use. Default: all. */
  readonly servedVersions?: ReadonlySet<string>;
  /** The versions of a custom kind, the stored one first, each as a kind of its own. Default: the kind's own. */
  readonly versions?: readonly CustomVersion[];
}

/** One version of a custom kind. */
interface CustomVersion {
  readonly kind: KindDefinition;
  readonly deprecation: string | undefined;
  /** Absent when there is only one version. */
  readonly storage: VersionedStorage | undefined;
}

/** Everything that can be addressed below `/api` and `/apis`. Changes at run time with CustomResourceDefinitions. */
export class ServedResources {
  /** By `group/version`, then plural, both in the order in which they were added. */
  readonly #versions = new Map<string, Map<string, ServedResource>>();
  readonly #byKind = new Map<KindDefinition, ServedResource[]>();
  #generation = 0;
  #servesRemoved = false;

  /** Raised by every change: the key of whoever derives something from all resources. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether {@link addRemovedVersions} was called. */
  get servesRemoved(): boolean {
    return this.#servesRemoved;
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#versions.get(`${group}/${version}`)?.get(plural);
  }

  /** All resources of a group's version, in the order in which they were added; `undefined` when it is not served. */
  inVersion(group: string, version: string): ServedResource[] | undefined {
    const resources = this.#versions.get(`${group}/${version}`);
    return resources === undefined ? undefined : [...resources.values()];
  }

  /** The stored version of a kind. */
  ofKind(group: string, kind: string): ServedResource | undefined {
    for (const [definition, [stored]] of this.#byKind) if (definition.group === group && definition.kind === kind) return stored;
    return undefined;
  }

  /** The resource of that apiVersion and kind. */
  byApiVersion(apiVersion: string, kind: string): ServedResource | undefined {
    for (const resource of this.all()) if (resource.apiVersion === apiVersion && resource.kind.kind === kind) return resource;
    return undefined;
  }

  *all(): IterableIterator<ServedResource> {
    for (const resources of this.#versions.values()) yield* resources.values();
  }

  /** Groups and their versions: the core group first, then in the order of addition; versions by preference. */
  groups(): { readonly group: string; readonly versions: readonly string[] }[] {
    const groups = new Map<string, string[]>();
    for (const { group, version } of this.all()) {
      const versions = groups.get(group) ?? [];
      if (!versions.includes(version)) versions.push(version);
      groups.set(group, versions);
    }
    return [...groups].map(([group, versions]) => ({ group, versions: versions.sort(comparePreference) }));
  }

  add(kind: KindDefinition, source: ResourceSource): void {
    assert(!this.#byKind.has(kind), `${kind.kind} is served already`);
    const verbs = new Set(kind.verbs ?? ALL_VERBS);
    const base = { kind, verbs, cache: source.cache, virtual: source.virtual, structural: source.structural ?? false };
    if (source.versions !== undefined) {
      this.#put(kind, source, customResources(source, source.versions, base));
      return;
    }
    const stored: ServedResource = {
      ...base,
      group: kind.group,
      version: kind.version,
      apiVersion: apiVersionOf(kind),
      schema: kind.schema,
      codec: source.cache?.codec ?? new ObjectCodec(kind),
      conversion: undefined,
      deprecation: undefined,
      storage: undefined,
    };
    const others = (kind.otherVersions ?? []).map((version) => inVersion(stored, version));
    this.#put(kind, source, [stored, ...others]);
  }

  #put(kind: KindDefinition, source: ResourceSource, resources: readonly ServedResource[]): void {
    this.#byKind.set(kind, [...resources]);
    for (const resource of resources) {
      if (source.servedVersions?.has(resource.version) ?? true) this.#version(resource).set(kind.plural, resource);
    }
    this.#generation++;
  }

  /**
   * Serves the versions that upstream has removed, of all kinds that are served by now. Their groups stand behind all others,
   * so that clients which take the first group that has a resource never take one of them.
   */
  addRemovedVersions(): void {
    for (const [kind, served] of this.#byKind) {
      const [stored] = served;
      assert(stored !== undefined, `${kind.kind} is served in no version`);
      for (const version of kind.removedVersions ?? []) {
        const resource: ServedResource = { ...inVersion(stored, version), removed: true };
        served.push(resource);
        this.#version(resource).set(kind.plural, resource);
      }
    }
    this.#servesRemoved = true;
    this.#generation++;
  }

  remove(kind: KindDefinition): void {
    for (const resource of this.#byKind.get(kind) ?? []) {
      const key = `${resource.group}/${resource.version}`;
      const resources = this.#versions.get(key);
      if (resources?.get(kind.plural) === resource) resources.delete(kind.plural);
      if (resources?.size === 0) this.#versions.delete(key);
    }
    this.#byKind.delete(kind);
    this.#generation++;
  }

  #version(resource: ServedResource): Map<string, ServedResource> {
    const key = `${resource.group}/${resource.version}`;
    let resources = this.#versions.get(key);
    if (resources === undefined) this.#versions.set(key, (resources = new Map<string, ServedResource>()));
    return resources;
  }
}

/** The same resource in another version. */
function inVersion(stored: ServedResource, conversion: KindVersion): ServedResource {
  const { kind } = stored;
  const { version, schema, group = kind.group } = conversion;
  const codec = new ObjectCodec({ group, version, kind: kind.kind });
  return {
    ...stored,
    group,
    version,
    apiVersion: apiVersionOf({ group, version }),
    schema,
    codec,
    conversion,
    deprecation: conversion.deprecation,
  };
}

function customResources(
  { cache }: ResourceSource,
  versions: readonly CustomVersion[],
  base: Pick<ServedResource, "verbs" | "cache" | "virtual" | "structural">,
): ServedResource[] {
  return versions.map(({ kind, deprecation, storage }, index) => ({
    ...base,
    kind,
    group: kind.group,
    version: kind.version,
    apiVersion: apiVersionOf(kind),
    schema: kind.schema,
    codec: index === 0 && cache !== undefined ? cache.codec : new ObjectCodec(kind),
    conversion: undefined,
    deprecation,
    storage,
  }));
}

/** Kubernetes' order of versions: stable before beta before alpha, each newest first, then everything else by name. */
export function comparePreference(a: string, b: string): number {
  const [left, right] = [versionRank(a), versionRank(b)];
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return (right[index] ?? 0) - (left[index] ?? 0);
  return a < b ? -1 : a > b ? 1 : 0;
}

function versionRank(version: string): number[] {
  const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  if (major === undefined) return [0, 0, 0];
  return [stage === undefined ? 3 : stage === "beta" ? 2 : 1, Number(major), Number(minor ?? 0)];
}

/** `object`, of the stored version, in the version of `resource`. Does not change its input. */
export function toServedVersion(resource: ServedResource, object: KubeObject): KubeObject {
  if (resource.conversion === undefined) return object;
  const converted = resource.conversion.fromStored(structuredClone(object));
  converted.apiVersion = resource.apiVersion;
  converted.kind = resource.kind.kind;
  return converted;
}

/** `object`, of the version of `resource` and with its defaults, in the stored version. Takes its input over. */
export function toStoredVersion(resource: ServedResource, object: KubeObject): KubeObject {
  if (resource.conversion === undefined) return object;
  resource.conversion.applyDefaults?.(object);
  const converted = resource.conversion.toStored(object);
  converted.apiVersion = apiVersionOf(resource.kind);
  converted.kind = resource.kind.kind;
  return converted;
}
