import type { Bytes } from "../xmpp/bytes.js";
import type { Addresses, Splice } from "./outlet.js";

const INITIAL_BYTES = 65_536;
/** A buffer that had to become larger than this is not kept: what was taken of it is its taker's. */
export const KEPT_BYTES = 1_048_576;

/** Text for one peer, gathered as bytes: copying bytes is several times cheaper than to splice strings, if one text goes to many. */
export class GatheredBytes {
  #buffer: Bytes | undefined;
  #length = 0;

  /** Bytes that were gathered. */
  get length(): number {
    return this.#length;
  }

  append(text: string, isAscii: boolean): void {
    const buffer = this.#withSpace(isAscii ? text.length : text.length * 3);
    this.#length += write(buffer, text, this.#length, isAscii);
  }

  /** The text with each of the addresses in its place, one after the other. */
  appendEach({ before, after, isAscii }: Splice, { bytes, ends }: Addresses, from: number, to: number): void {
    // What stands between two addresses is written once, to see how long it is, and copied from there.
    const first = this.#withSpace(3 * (before.length + after.length));
    const between = this.#length;
    const afterLength = write(first, after, between, isAscii);
    const beforeLength = write(first, before, between + afterLength, isAscii);
    const length = afterLength + beforeLength;
    // So are the addresses: nothing is copied as cheaply as within a buffer. Both stand behind the text until it is made.
    const last = this.#length + length * (to - from + 1) + bytes.length;
    const buffer = this.#withSpace(length * (to - from + 2) + 2 * bytes.length);
    buffer.copyWithin(last, between, between + length);
    const addresses = last + length;
    buffer.set(bytes, addresses);
    let start = addresses + (from === 0 ? 0 : (ends[from - 1] as number));
    let at = this.#length;
    buffer.copyWithin(at, last + afterLength, addresses);
    at += beforeLength;
    for (let i = from; i < to; i++) {
      const end = addresses + (ends[i] as number);
      buffer.copyWithin(at, start, end);
      at += end - start;
      start = end;
      buffer.copyWithin(at, last, addresses);
      at += length;
    }
    this.#length = at - beforeLength;
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

  #withSpace(bytes: number): Bytes {
    const needed = this.#length + bytes;
    const buffer = this.#buffer;
    if (buffer && buffer.length >= needed) return buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(needed)))) as Bytes;
    if (buffer) buffer.copy(larger, 0, 0);
    this.#buffer = larger;
    return larger;
  }
}

function write(buffer: Bytes, text: string, at: number, isAscii: boolean): number {
  return isAscii ? buffer.latin1Write(text, at) : buffer.utf8Write(text, at);
}
