/** Says whether the object of that key holds the number now. */
type HoldsNumber = (key: string, number: number) => boolean;

/**
 * Who holds which number: stored objects, and writes that are under way.
 *
 * What objects hold is looked up at the moment of the question; the ledger only remembers where to look. So it cannot
 * go stale, whatever happened to the cache in between.
 */
export class NumberLedger {
  readonly #holds: HoldsNumber;
  /** Keys of objects that held the number when they were last seen. */
  readonly #seen = new Map<number, Set<string>>();
  /** Numbers of writes under way, with how many writes hold them. */
  readonly #reserved = new Map<number, number>();

  constructor(holds: HoldsNumber) {
    this.#holds = holds;
  }

  /** True when no write under way and no object except `except` holds the number. */
  isFree(number: number, except?: string): boolean {
    if (this.#reserved.has(number)) return false;
    const keys = this.#seen.get(number);
    if (keys === undefined) return true;
    for (const key of keys) {
      if (!this.#holds(key, number)) keys.delete(key);
      else if (key !== except) return false;
    }
    if (keys.size === 0) this.#seen.delete(number);
    return true;
  }

  /** The object of that key holds the number. */
  noteHolder(number: number, key: string): void {
    const keys = this.#seen.get(number);
    if (keys === undefined) this.#seen.set(number, new Set([key]));
    else keys.add(key);
  }

  forgetHolder(number: number, key: string): void {
    const keys = this.#seen.get(number);
    keys?.delete(key);
    if (keys?.size === 0) this.#seen.delete(number);
  }

  reserve(number: number): void {
    this.#reserved.set(number, (this.#reserved.get(number) ?? 0) + 1);
  }

  release(number: number): void {
    const count = this.#reserved.get(number) ?? 0;
    if (count > 1) this.#reserved.set(number, count - 1);
    else this.#reserved.delete(number);
  }
}
