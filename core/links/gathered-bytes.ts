import type { Addresses, Splice } from "./outlet.js";

const INITIAL_BYTES = 65_536;
/** A buffer that had to become larger than this is not kept. */
const KEPT_BYTES = 1_048_576;

/** Text for one peer, gathered as bytes: copying bytes is several times cheaper than to splice strings, if one text goes to many. */
export class GatheredBytes {
  #buffer: Buffer | undefined;
  #length = 0;

  /** Bytes that were gathered. */
  get length(): number {
    return this.#length;
  }

  append(text: string, isAscii: boolean): void {
    const buffer = this.#withSpace(isAscii ? text.length : text.length * 3);
    this.#length += buffer.write(text, this.#length, isAscii ? "latin1" : "utf8");
  }

  /** The text with each of the addresses in its place, one after the other. */
  appendEach({ before, after }: Splice, { bytes, ends }: Addresses, from: number, to: number): void {
    const most = (Buffer.byteLength(before) + Buffer.byteLength(after)) * (to - from) + bytes.length;
    // The addresses stand behind the text while it is made, as nothing is copied as cheaply as within a buffer.
    const copy = this.#length + most;
    const buffer = this.#withSpace(most + bytes.length);
    buffer.set(bytes, copy);
    let start = copy + (from === 0 ? 0 : (ends[from - 1] as number));
    let at = this.#length;
    at += buffer.write(before, at, "utf8");
    let end = copy + (ends[from] as number);
    buffer.copyWithin(at, start, end);
    at += end - start;
    const tail = at;
    at += buffer.write(after, at, "utf8");
    const tailLength = at - tail;
    if (from + 1 < to) at += buffer.write(before, at, "utf8");
    const between = at - tail;
    for (let i = from + 1; i < to; i++) {
      start = end;
      end = copy + (ends[i] as number);
      buffer.copyWithin(at, start, end);
      at += end - start;
      buffer.copyWithin(at, tail, tail + between);
      at += between;
    }
    this.#length = from + 1 < to ? at - between + tailLength : at;
  }

  /** What was gathered; it is good until more is. */
  take(): Buffer {
    const buffer = this.#buffer ?? Buffer.alloc(0);
    const taken = buffer.subarray(0, this.#length);
    this.#length = 0;
    if (buffer.length > KEPT_BYTES) this.#buffer = undefined;
    return taken;
  }

  /** What was taken is still needed: more goes elsewhere. */
  giveAway(): void {
    this.#buffer = undefined;
  }

  #withSpace(bytes: number): Buffer {
    const needed = this.#length + bytes;
    const buffer = this.#buffer;
    if (buffer && buffer.length >= needed) return buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(needed))));
    if (buffer) buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    return larger;
  }
}
