import { isAscii, isUtf8 } from "node:buffer";

const NONE = Buffer.alloc(0);

/** Decodes UTF-8 that arrives in pieces, and refuses what is none; `TextDecoder` does the same at several times the cost. */
export class Utf8Decoder {
  /** The first bytes of a character whose rest is to come. */
  #partial: Buffer = NONE;

  /** @returns the text of all characters that are complete; `undefined` for bytes that are not UTF-8 */
  decode(chunk: Buffer): string | undefined {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    const end = completeEnd(bytes);
    // A copy, as the chunk may be a small view of a large buffer.
    this.#partial = end === bytes.length ? NONE : Buffer.from(bytes.subarray(end));
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end);
    if (isAscii(whole)) return whole.toString("latin1");
    return isUtf8(whole) ? whole.toString("utf8") : undefined;
  }
}

/** Where the last complete character ends. */
function completeEnd(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80 || byte > 0xf4) return bytes.length;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return back < length ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
