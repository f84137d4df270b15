import { Opaque, syntaxError } from "./term.js";
import type { TermReader } from "./term-reader.js";

/** Most binaries: nothing, or bytes as numbers. */
const BYTES = /[\d,\s]*>>/y;
const NO_BYTE = /[^\0-\xff]/u;
const SIZE = /:\s*(\d+)/y;
const TYPES = /\/\s*([a-z]+(?:\d+)?(?:-[a-z]+\d*(?::\d+)?)*)/y;
/** Bits that one part of a binary may have. */
const MAX_SIZE = 65_536;
/** Types that change nothing of how a segment of one byte is read. */
const PLAIN_TYPES: ReadonlySet<string> = new Set([
  "integer",
  "unsigned",
  "signed",
  "big",
  "little",
  "native",
  "unit:1",
]);

/** Reads a binary, from its `<<`. @returns what is printed of it, where its bits make no bytes @throws TextError */
export function readBinary(reader: TermReader): Uint8Array | Opaque {
  const from = reader.at;
  reader.at += 2;
  const numbers = reader.match(BYTES)?.[0];
  if (numbers !== undefined) return bytesOf(numbers.slice(0, -2), from);
  const bits = new Bits();
  do readSegment(reader, bits);
  while (reader.accept(","));
  reader.expect(">>");
  return bits.isWhole ? bits.bytes() : new Opaque(reader.text.slice(from, reader.at));
}

function bytesOf(numbers: string, at: number): Uint8Array {
  if (numbers.trim() === "") return new Uint8Array();
  return Uint8Array.from(numbers.split(","), (number) => {
    const byte = number.trim();
    if (byte === "" || /\s/.test(byte)) throw syntaxError("expected bytes with commas between them", at);
    return Number(byte) & 255;
  });
}

/** A value with its size in bits and its type: `"text"`, `"text"/utf8`, `7`, `1:3`. */
function readSegment(reader: TermReader, bits: Bits): void {
  reader.space();
  const value = reader.text[reader.at] === '"' ? reader.strings() : reader.number();
  if (value === undefined) throw reader.unexpected("a part of a binary");
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw syntaxError(`expected an integer in a binary, got ${value}`, reader.at);
  }
  reader.space();
  // Most of them, and there are many.
  if (typeof value === "string" && reader.text[reader.at] === ">") {
    bits.addBytes(latin1Of(value, reader.at));
    return;
  }
  const size = Number(reader.match(SIZE)?.[1] ?? 8);
  reader.space();
  const types = (reader.match(TYPES)?.[1] ?? "").split("-").filter((type) => type !== "");
  const isUtf8 = types.includes("utf8");
  const other = types.find((type) => type !== "utf8" && !PLAIN_TYPES.has(type));
  if (other !== undefined || size > MAX_SIZE || (types.includes("little") && size > 8)) {
    throw syntaxError(`parts of a binary as :${size}/${types.join("-")} are not understood`, reader.at);
  }
  if (isUtf8 && typeof value !== "string" && (value < 0 || value > 0x10ffff)) {
    throw syntaxError(`there is no character ${value}`, reader.at);
  }
  if (isUtf8) bits.addBytes(Buffer.from(typeof value === "string" ? value : String.fromCodePoint(Number(value))));
  else if (typeof value !== "string") bits.add(BigInt(value), size);
  else if (size === 8) bits.addBytes(latin1Of(value, reader.at));
  else for (const char of value) bits.add(BigInt(char.codePointAt(0) ?? 0), size);
}

function latin1Of(text: string, at: number): Uint8Array {
  const other = NO_BYTE.exec(text)?.[0];
  if (other !== undefined) throw syntaxError(`"${other}" is no byte`, at);
  return Buffer.from(text, "latin1");
}

/** Bits that are collected, most significant first. */
class Bits {
  readonly #parts: Uint8Array[] = [];
  #rest = 0;
  #restSize = 0;

  get isWhole(): boolean {
    return this.#restSize === 0;
  }

  addBytes(bytes: Uint8Array): void {
    if (this.#restSize === 0) this.#parts.push(bytes);
    else for (const byte of bytes) this.add(BigInt(byte), 8);
  }

  add(value: bigint, size: number): void {
    for (let bit = size - 1; bit >= 0; bit--) {
      this.#rest = (this.#rest << 1) | Number((value >> BigInt(bit)) & 1n);
      if (++this.#restSize < 8) continue;
      this.#parts.push(Uint8Array.of(this.#rest));
      this.#rest = this.#restSize = 0;
    }
  }

  bytes(): Uint8Array {
    const [only] = this.#parts;
    return only && this.#parts.length === 1 ? only : Buffer.concat(this.#parts);
  }
}
