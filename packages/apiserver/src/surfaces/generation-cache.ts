/** Keeps what was derived from all served resources until these change. */
export class GenerationCache<T> {
  readonly #entries = new Map<string, T>();
  #generation = -1;

  /** What `make` answered for `key` in this `generation`; made at most once. */
  get(generation: number, key: string, make: () => T): T {
    if (generation !== this.#generation) this.#entries.clear();
    this.#generation = generation;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#entries.set(key, made);
    return made;
  }
}
