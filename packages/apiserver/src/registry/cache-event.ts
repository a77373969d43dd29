import type { WatchEvent } from "@skiff/api";
import type { StoredObject } from "./stored-object.ts";

/** The types of events that are about an object. */
type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** A change as one watcher sees it. Shared by all watchers that see it the same way. */
export class WatchedChange {
  readonly type: ChangeType;
  /** The state that the event carries; for DELETED the last one, under the revision of the change. */
  readonly stored: StoredObject;
  /** For MODIFIED the state before. */
  readonly previous: StoredObject | undefined;
  #watchEvent: WatchEvent | undefined;
  #views: Map<string, unknown> | undefined;

  constructor(type: ChangeType, stored: StoredObject, previous?: StoredObject) {
    this.type = type;
    this.stored = stored;
    this.previous = previous;
  }

  /** The event in the stored version, one frozen object for all readers in the process. */
  get watchEvent(): WatchEvent {
    return (this.#watchEvent ??= Object.freeze({ type: this.type, object: this.stored.object }));
  }

  /** A form derived from this event (another version, an encoding), made at most once. */
  view<T>(key: string, make: () => T): T {
    const views = (this.#views ??= new Map<string, unknown>());
    if (!views.has(key)) views.set(key, make());
    return views.get(key) as T;
  }
}

/** One change of one object, as the watch cache saw it. */
export class CacheEvent {
  readonly revision: number;
  /** The state after the change; absent when the object was deleted. */
  readonly current: StoredObject | undefined;
  /** The state before the change; absent when the object was created. */
  readonly previous: StoredObject | undefined;
  /** Wall time of arrival, milliseconds. */
  readonly seenMs: number;
  #added: WatchedChange | undefined;
  #modified: WatchedChange | undefined;
  #deleted: WatchedChange | undefined;

  constructor(revision: number, current: StoredObject | undefined, previous: StoredObject | undefined, seenMs: number) {
    this.revision = revision;
    this.current = current;
    this.previous = previous;
    this.seenMs = seenMs;
  }

  /**
   * What a watcher sees whose selection is `selects`: nothing, or an object that comes, changes or goes. An object that
   * stops being selected goes, with its last selected state and the revision of this change.
   */
  seenBy(selects: ((stored: StoredObject) => boolean) | undefined): WatchedChange | undefined {
    const { current, previous } = this;
    const isSelected = current !== undefined && (selects === undefined || selects(current));
    const wasSelected = previous !== undefined && (selects === undefined || selects(previous));
    if (isSelected) {
      return wasSelected
        ? (this.#modified ??= new WatchedChange("MODIFIED", current, previous))
        : (this.#added ??= new WatchedChange("ADDED", current));
    }
    return wasSelected ? (this.#deleted ??= new WatchedChange("DELETED", previous.atRevision(this.revision))) : undefined;
  }
}
