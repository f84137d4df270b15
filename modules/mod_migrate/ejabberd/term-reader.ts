import { readBinary } from "./binary-reader.js";
import { Atom, ImproperList, Opaque, syntaxError, TermMap, Tuple, type Term } from "./term.js";
import { TextError } from "./text-error.js";

/** Terms in terms; an element in an element takes two or three, and hostile text must not exhaust the stack. */
const MAX_DEPTH = 1000;
const SPACE = /(?:\s+|%[^\n]*)+/y;
const ATOM = /[a-zß-öø-ÿ][\w@À-ÖØ-öø-ÿ]*/y;
const INTEGER = /(?:(\d{1,2})#([\da-zA-Z]+(?:_[\da-zA-Z]+)*)|\d+(?:_\d+)*)/y;
const FLOAT = /\d+(?:_\d+)*\.\d+(?:_\d+)*(?:[eE][-+]?\d+)?/y;
const OPAQUE = /(?:#(?:Ref|Fun|Port)<[^<>]*>|<\d+\.\d+\.\d+>)/y;
const PLAIN = { '"': /[^"\\]+/y, "'": /[^'\\]+/y } as const;
const ESCAPE = /(?:([0-7]{1,3})|x([\da-fA-F]{2})|x\{([\da-fA-F]{1,6})\}|\^([@-_a-z?])|([^]))/uy;
const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  d: "\x7f",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  s: " ",
  t: "\t",
  v: "\v",
};

/** A term, and where the text goes on behind it. */
export interface ReadTerm {
  readonly term: Term;
  readonly end: number;
}

/**
 * Reads one term of a file of terms, with its full stop. Parsed, never evaluated: terms and nothing else.
 * @param text characters of it: those of a file in Latin-1, as ejabberd's dumps are, are its bytes
 * @returns `undefined` when nothing but blanks and comments is left
 * @throws TextError
 */
export function readTermOfFile(text: string, from = 0): ReadTerm | undefined {
  const reader = new TermReader(text, from);
  if (reader.isAtEnd()) return undefined;
  const term = reader.term();
  reader.fullStop();
  return { term, end: reader.at };
}

/** Reads a text that is one term, as ejabberd keeps some in databases. @throws TextError */
export function readTerm(text: string): Term {
  const reader = new TermReader(text, 0);
  const term = reader.term();
  if (!reader.isAtEnd()) throw syntaxError("expected the end of the term", reader.at);
  return term;
}

/** One text, which is read on from `at`. */
export class TermReader {
  #depth = 0;

  constructor(
    readonly text: string,
    public at: number,
  ) {}

  isAtEnd(): boolean {
    this.space();
    return this.at >= this.text.length;
  }

  fullStop(): void {
    this.expect(".");
    if (!/^(?:[\s%]|$)/.test(this.text.slice(this.at, this.at + 1))) throw this.unexpected("a blank");
  }

  term(): Term {
    if (++this.#depth > MAX_DEPTH) throw syntaxError(`more than ${MAX_DEPTH} terms in one another`, this.at);
    const term = this.#term();
    this.#depth--;
    return term;
  }

  #term(): Term {
    this.space();
    const from = this.at;
    switch (this.text[from]) {
      case "{":
        this.at++;
        return new Tuple(this.#sequence("}"));
      case "[":
        return this.#list();
      case '"':
        return [...this.strings()].map((char) => char.codePointAt(0) ?? 0);
      case "'":
        return new Atom(this.quoted("'"));
      case "#":
        if (this.text[from + 1] === "{") return this.#map();
        break;
      case "<":
        if (this.text[from + 1] === "<") return readBinary(this);
        break;
    }
    const number = this.number();
    if (number !== undefined) return number;
    const atom = this.match(ATOM)?.[0];
    if (atom !== undefined) return new Atom(atom);
    const opaque = this.match(OPAQUE)?.[0];
    if (opaque !== undefined) return new Opaque(opaque);
    throw this.unexpected("a term");
  }

  #sequence(end: string): Term[] {
    const items: Term[] = [];
    if (this.accept(end)) return items;
    do items.push(this.term());
    while (this.accept(","));
    this.expect(end);
    return items;
  }

  #list(): Term {
    this.at++;
    const items: Term[] = [];
    if (this.accept("]")) return items;
    do items.push(this.term());
    while (this.accept(","));
    if (!this.accept("|")) {
      this.expect("]");
      return items;
    }
    const tail = this.term();
    this.expect("]");
    if (Array.isArray(tail)) return [...items, ...(tail as readonly Term[])];
    return tail instanceof ImproperList
      ? new ImproperList([...items, ...tail.items], tail.tail)
      : new ImproperList(items, tail);
  }

  #map(): TermMap {
    this.at += 2;
    const entries: [Term, Term][] = [];
    if (this.accept("}")) return new TermMap(entries);
    do {
      const key = this.term();
      if (!this.accept("=>")) this.expect(":=");
      entries.push([key, this.term()]);
    } while (this.accept(","));
    this.expect("}");
    return new TermMap(entries);
  }

  /** A number with its sign, or a character's code; `undefined` when there is none. */
  number(): number | bigint | undefined {
    const from = this.at;
    const isNegative = this.accept("-");
    if (!isNegative) this.accept("+");
    this.space();
    const value = this.#unsigned();
    if (value === undefined) this.at = from;
    else if (isNegative) return typeof value === "number" ? -value : narrowed(-value);
    return value;
  }

  #unsigned(): number | bigint | undefined {
    const char = this.text[this.at];
    if (char === "$") return this.#character();
    if (char === undefined || char < "0" || char > "9") return undefined;
    const float = this.match(FLOAT)?.[0];
    if (float !== undefined) return Number(float.replaceAll("_", ""));
    const [all = "", base, digits = ""] = this.match(INTEGER) ?? [];
    if (base === undefined) return narrowed(BigInt(all.replaceAll("_", "")));
    let value = 0n;
    for (const digit of digits.replaceAll("_", "")) {
      const worth = Number.parseInt(digit, 36);
      if (worth >= Number(base)) throw syntaxError(`"${digit}" is no digit of base ${base}`, this.at);
      value = value * BigInt(base) + BigInt(worth);
    }
    return narrowed(value);
  }

  #character(): number {
    this.at++;
    if (this.accept("\\", true)) return this.#escape().codePointAt(0) ?? 0;
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw this.unexpected("a character");
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }

  /** Strings one behind the other are one. */
  strings(): string {
    let all = "";
    do {
      all += this.quoted('"');
      this.space();
    } while (this.text[this.at] === '"');
    return all;
  }

  quoted(quote: '"' | "'"): string {
    this.at++;
    let content = "";
    for (;;) {
      content += this.match(PLAIN[quote])?.[0] ?? "";
      const char = this.text[this.at];
      if (char === undefined) throw new TextError("EJABBERD_TRUNCATED", "the text ends within quotes", this.at);
      this.at++;
      if (char === quote) return content;
      content += this.#escape();
    }
  }

  /** What stands behind a backslash. */
  #escape(): string {
    const found = this.match(ESCAPE);
    if (!found) throw new TextError("EJABBERD_TRUNCATED", "the text ends within quotes", this.at);
    const [, octal, hex, point, control, other = ""] = found;
    if (control !== undefined) return String.fromCharCode(control === "?" ? 127 : control.charCodeAt(0) & 31);
    if (octal === undefined && hex === undefined && point === undefined) return ESCAPES[other] ?? other;
    const code = octal === undefined ? Number.parseInt(hex ?? point ?? "", 16) : Number.parseInt(octal, 8);
    if (code > 0x10ffff) throw syntaxError(`there is no character ${point ?? ""}`, this.at);
    return String.fromCodePoint(code);
  }

  expect(word: string): void {
    if (!this.accept(word)) throw this.unexpected(word);
  }

  /** @param isHere no blanks may stand before it */
  accept(word: string, isHere = false): boolean {
    if (!isHere) this.space();
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  space(): void {
    this.match(SPACE);
  }

  /** @param pattern a sticky one */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text) ?? undefined;
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  unexpected(expected: string): TextError {
    const rest = this.text.slice(this.at, this.at + 20);
    if (rest === "") return new TextError("EJABBERD_TRUNCATED", `expected ${expected}, got the end`, this.at);
    return syntaxError(`expected ${expected}, got ${JSON.stringify(rest.split("\n")[0])}`, this.at);
  }
}

function narrowed(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}
