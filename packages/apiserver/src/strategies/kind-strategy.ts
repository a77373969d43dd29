import type { KubeObject } from "@skiff/api";
import type { StoredObject } from "../registry/stored-object.ts";

/** Something that was set aside for a write and becomes final, or is given back, with it. */
export interface Reservation {
  /** The write happened. */
  commit(): void;
  /** The write did not happen, or was a dry run. */
  release(): void;
}

/**
 * What a kind needs beyond its definition because other objects or numbers of the whole cluster are involved, such as
 * the addresses of Services. Most kinds have none.
 */
export interface KindStrategy {
  /**
   * Runs before validation and the write; may fill in fields of `object`, which is still changeable.
   * Errors: `StatusError` refuses the write.
   */
  reserve?(object: KubeObject, old: StoredObject | undefined): Reservation | undefined;
  /** True when something beside `metadata.finalizers` still keeps a deleted object. */
  isHeld?(object: KubeObject): boolean;
  /** Changes a copy of an object whose deletion begins or goes on, for example its phase. Must be idempotent. */
  beginDeletion?(object: KubeObject): void;
  /** A finalizer that an object gets when its deletion begins. */
  readonly deletionFinalizer?: string;
  /** Called when the deletion is final. */
  deleted?(object: KubeObject): void;
  /** Dependents are orphaned when a deletion names no propagation policy. Default false. */
  readonly orphansByDefault?: boolean;
  /** `propagationPolicy` means nothing: the kind never owns anything. Default false. */
  readonly ignoresPropagation?: boolean;
  /** A warning for clients that delete without naming a propagation policy. */
  readonly deletionWarning?: string;
  /** A deletion at once answers the object instead of a Status. Default false. */
  readonly answersDeletedObject?: boolean;
}
