/** An item's place in a {@link Heap}. */
interface Slot<T> {
  readonly item: T;
  readonly order: number;
}

/** A binary heap: the item that compares lowest first, and among equals the one that was added first. */
export class Heap<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #slots: Slot<T>[] = [];
  #order = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#slots.length;
  }

  peek(): T | undefined {
    return this.#slots[0]?.item;
  }

  push(item: T): void {
    const slot = { item, order: this.#order++ };
    let index = this.#slots.push(slot) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(slot, this.#slots[parent]!)) break;
      this.#slots[index] = this.#slots[parent]!;
      index = parent;
    }
    this.#slots[index] = slot;
  }

  pop(): T | undefined {
    const first = this.#slots[0];
    const last = this.#slots.pop();
    if (first === undefined || last === undefined || this.#slots.length === 0) return first?.item;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#slots.length) break;
      if (child + 1 < this.#slots.length && this.#before(this.#slots[child + 1]!, this.#slots[child]!)) child++;
      if (!this.#before(this.#slots[child]!, last)) break;
      this.#slots[index] = this.#slots[child]!;
      index = child;
    }
    this.#slots[index] = last;
    return first.item;
  }

  #before(a: Slot<T>, b: Slot<T>): boolean {
    return (this.#compare(a.item, b.item) || a.order - b.order) < 0;
  }
}
