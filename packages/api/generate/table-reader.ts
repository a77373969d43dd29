/** Reads a table of lines of words, and sees to it that every line is used. */
export class TableReader {
  readonly #name: string;
  readonly #rows = new Map<string, readonly string[]>();
  readonly #unused: Set<string>;

  /** The first `keyWords` words of a line are its key. */
  constructor(name: string, text: string, keyWords: number) {
    this.#name = name;
    for (const line of text.trim().split("\n")) {
      const words = line.trim().split(" ");
      const key = words.slice(0, keyWords).join(" ");
      if (this.#rows.has(key)) throw new Error(`${name}: ${key} stands twice`);
      this.#rows.set(key, words.slice(keyWords));
    }
    this.#unused = new Set(this.#rows.keys());
  }

  /** The words behind the key. */
  find(...key: readonly string[]): readonly string[] | undefined {
    const joined = key.join(" ");
    this.#unused.delete(joined);
    return this.#rows.get(joined);
  }

  /** Throws when a line was never asked for: it names a field that is not there. */
  assertAllUsed(): void {
    if (this.#unused.size > 0) throw new Error(`${this.#name}: no such field: ${[...this.#unused].join(", ")}`);
  }
}
