import { syntaxError } from "./term.js";
import { TextError } from "./text-error.js";

/** What stands in a column; text is its bytes, as characters of Latin-1. */
export type SqlValue = string | number | undefined;

/** A row, by the names of its columns, in lower case. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A statement that brings rows, or one that brings none. */
export interface SqlStatement {
  /** In lower case: `insert`, `delete` … */
  readonly verb: string;
  /** In lower case, without its schema. */
  readonly table: string | undefined;
  readonly rows: readonly SqlRow[];
}

/** Whether a backslash in quotes is an escape, as with MySQL, or stands for itself, as with SQLite. */
export type Quoting = "backslash" | "standard";

const SPACE = /(?:\s+|--[^\n]*|\/\*[^]*?\*\/|#[^\n]*)+/y;
const WORD = /[A-Za-z_][\w$]*/y;
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const QUOTED_NAME = /"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[([^\]]*)\]/y;
const HEX = /[xX]'([\da-fA-F]*)'|0[xX]([\da-fA-F]+)/y;
/** In front of text: escapes (PostgreSQL), national characters, the name of an encoding (MySQL). */
const PREFIX = /(?:[eEnNbB](?=')|_[a-z]\w*\s*(?='))/y;
const PLAIN = { backslash: /[^'\\]+/y, standard: /[^']+/y } as const;
const CAST = /::\s*\w+/y;
/** Statements that bring no rows. */
const OTHERS: ReadonlySet<string> = new Set(
  "delete update create alter drop begin commit start set lock unlock pragma truncate use go end analyze vacuum select".split(
    " ",
  ),
);
const ESCAPES: Readonly<Record<string, string>> = { "0": "\0", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", Z: "\x1a" };

/**
 * Reads the next statement of a text, of those that `ejabberdctl export2sql` writes, and what is near to them.
 * @param text its bytes, as characters of Latin-1
 * @returns `undefined` when nothing but blanks and comments is left
 * @throws TextError
 */
export function readStatement(
  text: string,
  from: number,
  quoting: Quoting,
): { readonly value: SqlStatement; readonly end: number } | undefined {
  const reader = new StatementReader(text, from, quoting);
  reader.space();
  if (reader.at >= text.length) return undefined;
  return { value: reader.statement(), end: reader.at };
}

class StatementReader {
  constructor(
    private readonly text: string,
    public at: number,
    private readonly quoting: Quoting,
  ) {}

  statement(): SqlStatement {
    const from = this.at;
    const verb = this.#match(WORD)?.[0].toLowerCase() ?? "";
    if (verb === "insert" || verb === "replace") {
      this.#word("or", ["replace", "ignore"]);
      this.#word("ignore", []);
      this.#need("into");
      return { verb, ...this.#insertion() };
    }
    if (OTHERS.has(verb)) {
      const table = /^(?:delete\s+from|update)\s+(\w+)/i.exec(this.text.slice(from, from + 200))?.[1];
      this.#skip();
      return { verb, table: table?.toLowerCase(), rows: [] };
    }
    this.at = from;
    throw this.#unexpected("a statement");
  }

  #insertion(): Omit<SqlStatement, "verb"> {
    let table = this.#name();
    while (this.#accept(".")) table = this.#name();
    this.#expect("(");
    const columns: string[] = [];
    do columns.push(this.#name());
    while (this.#accept(","));
    this.#expect(")");
    this.#need("values");
    const rows: SqlRow[] = [];
    do rows.push(this.#row(columns));
    while (this.#accept(","));
    // What is to happen to a row that is there already: it is replaced here, too.
    this.#skip();
    return { table, rows };
  }

  #row(columns: readonly string[]): SqlRow {
    const values: SqlValue[] = [];
    this.#expect("(");
    do values.push(this.#value());
    while (this.#accept(","));
    this.#expect(")");
    if (values.length !== columns.length) {
      throw syntaxError(`expected ${columns.length} values, got ${values.length}`, this.at);
    }
    return Object.fromEntries(columns.map((column, at) => [column, values[at]]));
  }

  #value(): SqlValue {
    this.space();
    const value = this.#bareValue();
    this.space();
    this.#match(CAST);
    return value;
  }

  #bareValue(): SqlValue {
    const hex = this.#match(HEX);
    if (hex) return Buffer.from(hex[1] ?? hex[2] ?? "", "hex").toString("latin1");
    const prefix = this.#match(PREFIX)?.[0];
    if (this.text[this.at] === "'") return this.#string(prefix?.toLowerCase() === "e" ? "backslash" : this.quoting);
    const number = this.#match(NUMBER)?.[0];
    if (number !== undefined) return Number.isSafeInteger(Number(number)) || /[.eE]/.test(number) ? Number(number) : number; // prettier-ignore
    const from = this.at;
    switch (this.#match(WORD)?.[0].toLowerCase()) {
      case "null":
      case "default":
      case "current_timestamp":
        return undefined;
      case "true":
        return 1;
      case "false":
        return 0;
    }
    this.at = from;
    throw this.#unexpected("a value");
  }

  #string(quoting: Quoting): string {
    this.at++;
    let content = "";
    for (;;) {
      content += this.#match(PLAIN[quoting])?.[0] ?? "";
      const char = this.text[this.at++];
      if (char === "'" && this.text[this.at] !== "'") return content;
      const next = this.text[this.at++];
      if (next === undefined) throw new TextError("EJABBERD_TRUNCATED", "the text ends within quotes", this.at);
      content += char === "'" ? "'" : (ESCAPES[next] ?? next);
    }
  }

  #name(): string {
    this.space();
    const quoted = this.#match(QUOTED_NAME);
    const name = quoted ? quoted.slice(1).find((part) => part !== undefined) : this.#match(WORD)?.[0];
    if (name === undefined) throw this.#unexpected("a name");
    return name.toLowerCase();
  }

  /** To the end of the statement. */
  #skip(): void {
    for (;;) {
      this.space();
      const char = this.text[this.at];
      if (char === undefined) throw this.#unexpected(";");
      if (char === "'") this.#string(this.quoting);
      else if (!this.#match(QUOTED_NAME)) this.at++;
      if (char === ";") return;
    }
  }

  /** A word that may be there, with one of some behind it. */
  #word(word: string, next: readonly string[]): void {
    const from = this.at;
    this.space();
    if (this.#match(WORD)?.[0].toLowerCase() !== word) this.at = from;
    else if (next.length > 0) this.#need(...next);
  }

  #need(...words: readonly string[]): void {
    this.space();
    const from = this.at;
    if (words.includes(this.#match(WORD)?.[0].toLowerCase() ?? "")) return;
    this.at = from;
    throw this.#unexpected(words.join(" or "));
  }

  #expect(char: string): void {
    if (!this.#accept(char)) throw this.#unexpected(char);
  }

  #accept(char: string): boolean {
    this.space();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text) ?? undefined;
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  #unexpected(expected: string): TextError {
    const rest = this.text.slice(this.at, this.at + 20);
    if (rest === "") return new TextError("EJABBERD_TRUNCATED", `expected ${expected}, got the end`, this.at);
    return syntaxError(`expected ${expected}, got ${JSON.stringify(rest.split("\n")[0])}`, this.at);
  }
}
