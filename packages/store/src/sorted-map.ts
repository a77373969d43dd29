/** A chunk that grows past this is cut in two. Moving a few hundred pointers costs less than one cache miss per tree level. */
const CHUNK_LIMIT = 512;

interface Chunk<V> {
  readonly keys: string[];
  readonly values: V[];
}

/**
 * A map in key order: a two-level tree of sorted chunks.
 *
 * Guarantees: finding costs two binary searches; adding and removing one more move of at most {@link CHUNK_LIMIT}
 * entries (plus, rarely, of the chunk list). Memory: two pointers per entry.
 */
export class SortedMap<V> {
  #chunks: Chunk<V>[] = [{ keys: [], values: [] }];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds an entry. The key must not be there yet. */
  add(key: string, value: V): void {
    const chunkIndex = this.#chunkOf(key);
    const chunk = this.#chunks[chunkIndex]!;
    // Keys often come in rising order (names with a counter); appending avoids the move.
    const last = chunk.keys[chunk.keys.length - 1];
    const at = last === undefined || last < key ? chunk.keys.length : lowerBound(chunk.keys, key);
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    this.#size++;
    if (chunk.keys.length <= CHUNK_LIMIT) return;
    // A chunk at the very end is cut near its end, so that rising keys leave full chunks behind.
    const isTail = chunkIndex === this.#chunks.length - 1 && at === chunk.keys.length - 1;
    const cut = isTail ? CHUNK_LIMIT : CHUNK_LIMIT / 2;
    this.#chunks.splice(chunkIndex + 1, 0, { keys: chunk.keys.splice(cut), values: chunk.values.splice(cut) });
  }

  /** Removes the entry, if it is there. */
  remove(key: string): void {
    const chunkIndex = this.#chunkOf(key);
    const chunk = this.#chunks[chunkIndex]!;
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] !== key) return;
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    this.#size--;
    if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunkIndex, 1);
  }

  /**
   * Calls `visit` with the values from `from` (included) to `to` (excluded; absent: no end), in key order, until it
   * answers false.
   */
  forEach(from: string, to: string | undefined, visit: (value: V) => boolean): void {
    for (let chunkIndex = this.#chunkOf(from); chunkIndex < this.#chunks.length; chunkIndex++) {
      const { keys, values } = this.#chunks[chunkIndex]!;
      const end = to === undefined ? keys.length : lowerBound(keys, to);
      for (let at = lowerBound(keys, from); at < end; at++) if (!visit(values[at]!)) return;
      if (end < keys.length) return;
    }
  }

  /** How many entries lie from `from` (included) to `to` (excluded; absent: no end). */
  count(from: string, to: string | undefined): number {
    if (to !== undefined && to <= from) return 0;
    const first = this.#chunkOf(from);
    const last = to === undefined ? this.#chunks.length - 1 : this.#chunkOf(to);
    let count = -lowerBound(this.#chunks[first]!.keys, from);
    for (let chunkIndex = first; chunkIndex < last; chunkIndex++) count += this.#chunks[chunkIndex]!.keys.length;
    const { keys } = this.#chunks[last]!;
    return count + (to === undefined ? keys.length : lowerBound(keys, to));
  }

  /** The last chunk whose first key is not behind `key`. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#chunks[middle]!.keys[0]! <= key) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
