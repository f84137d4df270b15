/**
 * Which ids have been seen: a digest of 53 bits of each, in sixteen bytes or so of memory, as an archive may have
 * millions. Two different ids are taken for one with a chance of about one in 18,000 for a million of them.
 */
export class SeenIds {
  #slots = new Float64Array(1024);
  #count = 0;

  /** @returns false when it was there already */
  add(id: string): boolean {
    if (this.#count * 2 >= this.#slots.length) this.#grow();
    return this.#put(digest(id));
  }

  get size(): number {
    return this.#count;
  }

  #put(value: number): boolean {
    const mask = this.#slots.length - 1;
    let at = (value % this.#slots.length) & mask;
    for (; this.#slots[at] !== 0; at = (at + 1) & mask) if (this.#slots[at] === value) return false;
    this.#slots[at] = value;
    this.#count++;
    return true;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Float64Array(before.length * 2);
    this.#count = 0;
    for (const value of before) if (value !== 0) this.#put(value);
  }
}

/** 53 bits, never 0. */
function digest(id: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0) || 1;
}
