import { isAscii, isUtf8 } from "node:buffer";

const NONE = Buffer.alloc(0);

/** Decodes UTF-8 that arrives in pieces, and stops at what is none; `TextDecoder` does the same at several times the cost. */
export class Utf8Decoder {
  /** The first bytes of a character whose rest is to come. */
  #partial: Buffer = NONE;
  #isBroken = false;

  /** Whether something came that is not UTF-8; nothing is decoded from there on. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether the rest of a character is to come. */
  get isWithinCharacter(): boolean {
    return this.#partial.length > 0;
  }

  /** @returns the text of all characters that are complete, up to the first byte that is not UTF-8 */
  decode(chunk: Buffer): string {
    if (this.#isBroken) return "";
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    const end = completeEnd(bytes);
    // A copy, as the chunk may be a small view of a large buffer.
    this.#partial = end === bytes.length ? NONE : Buffer.from(bytes.subarray(end));
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end);
    if (isAscii(whole)) return whole.toString("latin1");
    if (isUtf8(whole)) return whole.toString("utf8");
    this.#isBroken = true;
    return whole.subarray(0, brokenAt(whole)).toString("utf8");
  }
}

/** Where the last complete character ends. */
function completeEnd(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80 || byte > 0xf4) return bytes.length;
    if (byte < 0xc0) continue;
    return back < lengthOf(byte) ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Where the first character that is none starts; there is one. */
function brokenAt(bytes: Buffer): number {
  for (let at = 0; ;) {
    const length = lengthOf(bytes[at] as number);
    if (!isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
}

/** Bytes of the character that starts with this one. */
function lengthOf(byte: number): number {
  if (byte < 0x80) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
