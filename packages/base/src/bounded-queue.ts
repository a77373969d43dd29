/** Thrown when something would go past the limit of a queue or buffer. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
}

/**
 * First in, first out, with a limit.
 *
 * Guarantees: never holds more than `limit` items; `push` past the limit throws {@link QueueFullError} and changes
 * nothing; adding and taking cost the same however long the queue is.
 */
export class BoundedQueue<T> {
  readonly #limit: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    if (this.size >= this.#limit) throw new QueueFullError(`the queue holds ${this.#limit} items already`);
    this.#items.push(item);
  }

  /** The oldest item, or `undefined` when there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    // Moving the rest to the front only when half is empty keeps the cost per item constant.
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes everything, oldest first. */
  drain(): T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
