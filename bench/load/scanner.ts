const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Finds `MARKER` followed by so many digits in a stream of bytes, wherever the chunks are cut, without building anything
 * of what is between.
 */
export class Scanner {
  readonly #marker: Buffer;
  readonly #length: number;
  readonly #onNumber: (value: number) => void;
  #tail: Buffer = EMPTY;

  constructor(marker: string, digits: number, onNumber: (value: number) => void) {
    this.#marker = Buffer.from(marker, "latin1");
    this.#length = this.#marker.length + digits;
    this.#onNumber = onNumber;
  }

  /** @param chunk read only during the call */
  feed(chunk: Buffer): void {
    const keep = this.#length - 1;
    if (this.#tail.length > 0 || chunk.length < keep) {
      const seam = Buffer.concat([this.#tail, chunk.subarray(0, keep)]);
      this.#search(seam);
      if (chunk.length <= keep) {
        this.#tail = seam.subarray(Math.max(0, seam.length - keep));
        return;
      }
    }
    this.#search(chunk);
    this.#tail = this.#beginning(chunk, chunk.length - keep);
  }

  /** What may be the beginning of a match that the next chunk completes. */
  #beginning(chunk: Buffer, from: number): Buffer {
    for (let start = chunk.indexOf(this.#marker[0] ?? 0, from); start >= 0; start++) {
      const known = Math.min(this.#marker.length, chunk.length - start);
      if (known <= 0) break;
      if (chunk.compare(this.#marker, 0, known, start, start + known) === 0) return Buffer.from(chunk.subarray(start));
    }
    return EMPTY;
  }

  #search(bytes: Buffer): void {
    const length = this.#length;
    const skip = this.#marker.length;
    let at = bytes.indexOf(this.#marker);
    while (at >= 0 && at + length <= bytes.length) {
      let value = 0;
      for (let index = at + skip; index < at + length; index++) value = value * 10 + (bytes[index] as number) - 48;
      this.#onNumber(value);
      at = bytes.indexOf(this.#marker, at + length);
    }
  }
}
