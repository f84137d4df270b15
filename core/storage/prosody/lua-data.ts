import { DataError, type DataErrorCode } from "./data-error.js";

/** A value of Lua data. Integers that a `number` cannot hold are `bigint`. */
export type LuaValue = string | number | bigint | boolean | LuaTable;

/** A Lua table: keys in the order in which they were written, 1..n among them. */
export type LuaTable = Map<LuaKey, LuaValue>;

/** What a key of a table may be; tables as keys are not data. */
export type LuaKey = string | number | bigint | boolean;

/** How text is read. */
export interface ReadOptions {
  /** Where in its file the text begins, for messages. */
  readonly offset?: number;
  /** Makes a string of bytes; default: UTF-8, anything else is `PROSODY_ENCODING`. */
  readonly decode?: (bytes: Buffer) => string | undefined;
}

/** Tables in tables; Prosody's own data has a dozen, and hostile data must not exhaust the stack. */
const MAX_DEPTH = 200;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
  '"': 34,
  "'": 39,
  "\n": 10,
};
const NUMERAL = /(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/y;
const NAME = /[A-Za-z_]\w*/y;
const SPACE = /(?:\s+|--\[(=*)\[[^]*?\]\1\]|--(?!\[=*\[)[^\n]*)+/y;
const PLAIN = /[^\\"'\n]+/y;

/** Text of UTF-8, or `undefined`. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Reads a `.dat` file of Prosody's: `return { … };`. Parsed, never evaluated: data and nothing else.
 *
 * What Prosody's serialiser writes in any of its presets is understood, and what a person may have made of it: other
 * spacing, commas, plain keys, comments, single quotes, long strings.
 * @throws DataError
 */
export function readData(bytes: Buffer, options: ReadOptions = {}): LuaValue {
  const reader = new Reader(bytes, options);
  reader.expectWord("return");
  const value = reader.value(0);
  reader.accept(";");
  reader.end();
  return value;
}

/**
 * Reads one record of a `.list` file: `item({ … });`.
 * @returns the table, and where the text goes on behind it
 * @throws DataError
 */
export function readItem(bytes: Buffer, options: ReadOptions = {}): { readonly value: LuaValue; readonly end: number } {
  const reader = new Reader(bytes, options);
  reader.expectWord("item");
  reader.expect("(");
  const value = reader.value(0);
  reader.expect(")");
  reader.accept(";");
  return { value, end: reader.at };
}

/** One text; positions are bytes, as it is looked at as Latin-1. */
class Reader {
  readonly #text: string;
  readonly #offset: number;
  readonly #decode: (bytes: Buffer) => string | undefined;
  at = 0;

  constructor(bytes: Buffer, { offset = 0, decode = decodeUtf8 }: ReadOptions) {
    this.#text = bytes.toString("latin1");
    this.#offset = offset;
    this.#decode = decode;
  }

  expectWord(word: string): void {
    this.#space();
    if (this.#match(NAME) !== word) throw this.#unexpected(word);
  }

  expect(char: string): void {
    if (!this.accept(char)) throw this.#unexpected(char);
  }

  accept(char: string): boolean {
    this.#space();
    if (this.#text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  end(): void {
    this.#space();
    if (this.at < this.#text.length) throw this.#unexpected("the end of the file");
  }

  value(depth: number): LuaValue {
    const value = this.#nilOrValue(depth);
    if (value === undefined) throw this.#unexpected("a value");
    return value;
  }

  /** `undefined` is `nil`. */
  #nilOrValue(depth: number): LuaValue | undefined {
    this.#space();
    const char = this.#text[this.at];
    if (char === "{") return this.#table(depth);
    if (char === '"' || char === "'") return this.#string(char);
    if (char === "[") return this.#longString();
    if (char === "-" || char === "(" || char === "." || (char !== undefined && char >= "0" && char <= "9")) {
      return this.#number(depth);
    }
    const from = this.at;
    switch (this.#match(NAME)) {
      case "true":
        return true;
      case "false":
        return false;
      case "nil":
        return undefined;
      case "math": // what `%q` of some versions writes: math.huge, math.mininteger
        if (this.accept(".")) {
          const name = this.#match(NAME);
          if (name === "huge") return Infinity;
          if (name === "mininteger") return -(2n ** 63n);
          if (name === "maxinteger") return 2n ** 63n - 1n;
        }
    }
    this.at = from;
    throw this.#unexpected("a value");
  }

  #table(depth: number): LuaTable {
    if (depth >= MAX_DEPTH) throw this.#error("PROSODY_SYNTAX", `more than ${MAX_DEPTH} tables in one another`);
    const table: LuaTable = new Map();
    this.expect("{");
    // A positional value takes its place whatever else does, `nil` included.
    let next = 1;
    while (!this.accept("}")) {
      const key = this.#key(depth);
      const value = this.#nilOrValue(depth + 1);
      const place = key ?? next++;
      if (value === undefined) table.delete(place);
      else table.set(place, value);
      if (this.accept(";") || this.accept(",")) continue;
      this.expect("}");
      break;
    }
    return table;
  }

  /** The key in front of a value, or `undefined` for a positional one. */
  #key(depth: number): LuaKey | undefined {
    this.#space();
    const from = this.at;
    if (this.#text[from] === "[" && !/^\[=*\[/.test(this.#text.slice(from, from + 8))) {
      this.at++;
      const key = this.value(depth + 1);
      this.expect("]");
      this.expect("=");
      if (typeof key === "object" || Number.isNaN(key)) throw this.#error("PROSODY_SYNTAX", "a key that is none");
      return key;
    }
    if (this.#match(NAME) !== undefined) {
      const name = this.#text.slice(from, this.at);
      if (this.accept("=")) return name;
      this.at = from;
    }
    return undefined;
  }

  /** A numeral with its sign, or a quotient in brackets: `(1/0)`, `(-1/0)`, `(0/0)`. */
  #number(depth: number): number | bigint {
    if (this.accept("-")) {
      const value = this.#number(depth);
      return typeof value === "number" ? -value : narrowed(-value);
    }
    if (this.accept("(")) {
      if (depth >= MAX_DEPTH) throw this.#error("PROSODY_SYNTAX", "brackets without end");
      const value = this.#quotient(depth + 1);
      this.expect(")");
      return value;
    }
    this.#space();
    const numeral = this.#match(NUMERAL);
    if (numeral === undefined) throw this.#unexpected("a number");
    if (/[.eE]/.test(numeral) && !/^0[xX]/.test(numeral)) return Number(numeral);
    const integer = BigInt(numeral);
    // As Lua does: an integer that has no 64 bits is a float.
    return integer > 2n ** 63n ? Number(numeral) : narrowed(integer);
  }

  #quotient(depth: number): number | bigint {
    const value = this.#number(depth);
    return this.accept("/") ? Number(value) / Number(this.#number(depth)) : value;
  }

  #string(quote: string): string {
    const from = this.at++;
    const parts: (string | number)[] = [];
    for (;;) {
      const plain = this.#match(PLAIN);
      if (plain !== undefined) parts.push(plain);
      const char = this.#text[this.at];
      if (char === undefined) throw this.#error("PROSODY_TRUNCATED", "the text ends within a string");
      if (char === "\n") throw this.#error("PROSODY_SYNTAX", "expected the end of a string, got the end of a line");
      this.at++;
      if (char === quote) break;
      parts.push(char === "\\" ? this.#escape() : char);
    }
    return this.#decoded(parts, from);
  }

  /** What stands behind a backslash: a byte, UTF-8 of a code point, or nothing (`\z`). */
  #escape(): string | number {
    const char = this.#text[this.at];
    if (char === undefined) throw this.#error("PROSODY_TRUNCATED", "the text ends within a string");
    const simple = ESCAPES[char];
    if (simple !== undefined) {
      this.at++;
      return simple;
    }
    const rest = this.#text.slice(this.at, this.at + 12);
    const found = /^(?:(\d{1,3})|x([\da-fA-F]{2})|u\{([\da-fA-F]{1,6})\}|z)/.exec(rest);
    if (!found) throw this.#unexpected("an escape in a string");
    const [all, decimal, hex, point] = found;
    this.at += all.length;
    if (all === "z") {
      while (/\s/.test(this.#text[this.at] ?? "")) this.at++;
      return "";
    }
    if (point !== undefined) {
      const code = Number.parseInt(point, 16);
      if (code > 0x10ffff) throw this.#error("PROSODY_SYNTAX", `there is no character ${point}`);
      return Buffer.from(String.fromCodePoint(code)).toString("latin1");
    }
    const byte = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    if (byte > 255) throw this.#error("PROSODY_SYNTAX", `there is no byte ${byte}`);
    return byte;
  }

  #longString(): string {
    const from = this.at;
    const found = /\[(=*)\[\n?([^]*?)\]\1\]/y;
    found.lastIndex = from;
    const [all, , content] = found.exec(this.#text) ?? [];
    if (all === undefined || content === undefined) throw this.#unexpected("a value");
    this.at += all.length;
    return this.#decoded([content], from);
  }

  #decoded(parts: readonly (string | number)[], from: number): string {
    const latin = parts.map((part) => (typeof part === "number" ? String.fromCharCode(part) : part)).join("");
    const text = this.#decode(Buffer.from(latin, "latin1"));
    if (text === undefined) {
      throw new DataError("PROSODY_ENCODING", "expected text in UTF-8, got other bytes", this.#offset + from);
    }
    return text;
  }

  #space(): void {
    SPACE.lastIndex = this.at;
    if (SPACE.test(this.#text)) this.at = SPACE.lastIndex;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.at = pattern.lastIndex;
    return found;
  }

  #unexpected(expected: string): DataError {
    const rest = this.#text.slice(this.at, this.at + 20);
    if (rest === "") return this.#error("PROSODY_TRUNCATED", `expected ${expected}, got the end of the file`);
    return this.#error("PROSODY_SYNTAX", `expected ${expected}, got ${JSON.stringify(rest.split("\n")[0])}`);
  }

  #error(code: DataErrorCode, what: string): DataError {
    return new DataError(code, what, this.#offset + this.at);
  }
}

function narrowed(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}
