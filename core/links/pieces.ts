/** Bytes that wait, in order, to be taken in pieces. */
export class Pieces {
  #buffers: Buffer[] = [];
  #length = 0;
  /** The first buffer is the rest of one. */
  #isBegun = false;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** @param bytes something whole; kept, not copied */
  push(bytes: Buffer): void {
    this.#buffers.push(bytes);
    this.#length += bytes.length;
  }

  /** The first so many bytes, or all that there are. */
  take(most: number): Buffer {
    let wanted = Math.min(most, this.#length);
    this.#length -= wanted;
    const taken: Buffer[] = [];
    while (wanted > 0) {
      const first = this.#buffers[0] as Buffer;
      const part = first.subarray(0, wanted);
      taken.push(part);
      wanted -= part.length;
      this.#isBegun = part.length < first.length;
      if (this.#isBegun) this.#buffers[0] = first.subarray(part.length);
      else this.#buffers.shift();
    }
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken);
  }

  /** Drops what waits. @returns what is left of something of which a part was taken */
  drop(): Buffer | undefined {
    const rest = this.#isBegun ? this.#buffers[0] : undefined;
    this.#buffers = [];
    this.#length = 0;
    this.#isBegun = false;
    return rest;
  }
}
