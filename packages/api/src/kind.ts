import type { FieldError } from "./field-error.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

/** One column of the table that `kubectl get` prints (`metav1.TableColumnDefinition` and how to fill it). */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description: string;
  /** 0: always shown; 1: with `-o wide`. Default 0. */
  readonly priority?: number;
  /** The cell. `nowMs` is wall time in milliseconds, for ages. */
  readonly value: (object: T, nowMs: number) => string | number | bigint | boolean | null;
}

/** Where the counts stand that the `scale` subresource reads and writes, as dotted paths. */
export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  /** A `metav1.LabelSelector`, a map of labels, or (custom resources) text. */
  readonly selector?: string;
}

/** What validation and preparation may ask about the request. */
export interface WriteContext {
  readonly operation: "CREATE" | "UPDATE";
  /** For example `status`; absent for the object itself. */
  readonly subresource?: string;
  /** What the version of the request allows although the stored version forbids it. Default: nothing. */
  readonly allows?: ReadonlySet<Leniency>;
}

/** What versions that upstream has removed allowed: to change a selector, to name the signer of old certificate requests. */
export type Leniency = "selector-change" | "legacy-signer";

/**
 * A resource kind as data: everything that sets it apart from others, in one place. Routes, discovery, OpenAPI, storage
 * keys, the typed client, tables, garbage collection and namespace deletion are all derived from it. Kinds from
 * CustomResourceDefinitions take the same shape at run time.
 */
export interface KindDefinition<T extends KubeObject = KubeObject> extends Resource<T> {
  /** Lower case: `deployment`. */
  readonly singular: string;
  /** Default: the kind followed by `List`. */
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /**
   * The key of the schema in the schema registry: the definition's name in upstream's OpenAPI document, such as
   * `io.k8s.api.apps.v1.Deployment`.
   */
  readonly schema: string;
  /** What can be done with it. Default: create, delete, deletecollection, get, list, patch, update, watch. */
  readonly verbs?: readonly Verb[];
  /** Whether `PUT /…/status` and `PATCH /…/status` exist; writes to the object itself then leave `status` alone. */
  readonly statusSubresource?: boolean;
  readonly scale?: ScalePaths;
  /** Whether strategic merge patches are taken; custom resources have none. Default true. */
  readonly strategicMergePatch?: boolean;
  /** Other subresources, which the API server implements by name: `log`, `exec`, `eviction`, `binding`, `token`, … */
  readonly subresources?: readonly string[];
  /** The columns behind `Name`. Default: `Age`. A list with a column called `Name` is whole: no other one is put before it. */
  readonly columns?: readonly Column<T>[];
  /** Field selectors beside `metadata.name` and `metadata.namespace`: dotted path to text. */
  readonly fieldSelectors?: Readonly<Record<string, (object: T) => string>>;
  /** Whether the kind has `metadata.generation`, raised when anything outside metadata and status changes. Default false. */
  readonly generation?: boolean;
  /** A PUT without a resourceVersion overwrites (true), or is refused (false). Default true. */
  readonly allowUnconditionalUpdate?: boolean;
  /** A PUT to a name that does not exist creates the object. Default false. */
  readonly allowCreateOnUpdate?: boolean;
  /**
   * Seconds of grace when a delete names none; `undefined` when the object has nothing to wind down and goes at once,
   * whatever a delete names. Absent for kinds that go at once. Only Pods have it upstream.
   */
  readonly gracePeriodSeconds?: (object: T) => number | undefined;
  /** The versions of the kind other than the stored one, newest first; this definition is the stored one. */
  readonly otherVersions?: readonly KindVersion[];
  /** Versions that upstream has removed, newest first. They are served where a server is asked to, behind all others. */
  readonly removedVersions?: readonly KindVersion[];
  /** How the name may look. Default: a DNS subdomain. */
  readonly nameRule?: NameRule;
  /** Fills what the request left out, in place, as upstream's defaulting does. Runs on decoded objects, old stored ones included. */
  readonly applyDefaults?: (object: T) => void;
  /**
   * Puts right, in place, what clients may not set (for example `status` on create), before validation. `old` is absent
   * on create.
   */
  readonly prepare?: (object: T, old: T | undefined, context: WriteContext) => void;
  /** Everything that is wrong with the object, in upstream's words and with its field paths. Metadata is checked elsewhere. */
  readonly validate?: (object: T, old: T | undefined, context: WriteContext) => FieldError[];
  /** Warnings for the client (`Warning` headers), for example of deprecated fields. */
  readonly warnings?: (object: T, old: T | undefined) => string[];
}

/** A version of a kind that is served but not stored. */
export interface KindVersion {
  readonly version: string;
  /** Differs only where a kind moved between groups. Default: the definition's group. */
  readonly group?: string;
  readonly schema: string;
  readonly toStored: (object: KubeObject) => KubeObject;
  readonly fromStored: (object: KubeObject) => KubeObject;
  /** Sent as a `Warning` header when clients use the version. */
  readonly deprecation?: string;
  /** Fills what a request in this version left out, in place and before conversion, where its defaults are not those of the stored one. */
  readonly applyDefaults?: (object: KubeObject) => void;
  /** The path that a field of the stored version has in this one, for messages. Default: the same. */
  readonly fieldPath?: (storedPath: string) => string;
  /** What this version allows although the stored one forbids it. Default: nothing. */
  readonly allows?: ReadonlySet<Leniency>;
}

/** The verbs of the API. */
export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** How the names of a kind may look: RFC 1123 subdomain or label, RFC 1035 label, or any path segment (RBAC). */
export type NameRule = "dns-subdomain" | "dns-label" | "dns-1035-label" | "path-segment";

/** All verbs, for kinds that say nothing else. */
export const ALL_VERBS: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Checks a definition at compile time and fixes its object type. */
export function defineKind<T extends KubeObject>(definition: KindDefinition<T>): KindDefinition<T> {
  return definition;
}
