/**
 * Where options are written in a Lua source. Lua's own line of an assignment is that of the value's last token; an
 * operator looks for the name.
 */

/** One `name = value` of a source. */
export interface Assignment {
  readonly name: string;
  readonly line: number;
  /** Of brackets around it: 0 for a statement, 1 or more for a field of a table. */
  readonly depth: number;
  /** Lines of the strings in its table, when its value is one. */
  readonly items: Map<string, number>;
}

const TOKEN =
  /(?<comment>--(?:\[(?<commentLevel>=*)\[[^]*?\]\k<commentLevel>\]|(?!\[=*\[)[^\n]*))|(?<long>\[(?<level>=*)\[[^]*?\]\k<level>\])|(?<quoted>"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*')|(?<name>[A-Za-z_]\w*)|(?<open>[({[])|(?<close>[)}\]])|(?<newline>\n)|(?<space>[ \t\r]+)|(?<other>==|[<>~]=|\.\.+|[^])/g;

/** Finds assignments in one source; see {@link Assignments.statement} and {@link Assignments.field}. */
export class Assignments {
  readonly #found: Assignment[] = [];

  constructor(source: string) {
    let line = 1;
    let candidate: Assignment | undefined; // a name that may turn out to be assigned to
    let assigned: Assignment | undefined; // whose value comes next
    let afterDot = false;
    const tables: (Assignment | undefined)[] = []; // open brackets, each with what it is the value of
    for (const { 0: text, groups = {} } of source.matchAll(TOKEN)) {
      if (groups["newline"] !== undefined) line++;
      else if (groups["comment"] !== undefined) line += lineBreaks(text);
      else if (groups["space"] === undefined) {
        if (text === "=" && candidate) {
          this.#found.push(candidate);
          assigned = candidate;
          candidate = undefined;
          continue;
        }
        candidate = undefined;
        if (groups["name"] !== undefined && !afterDot) {
          candidate = { name: text, line, depth: tables.length, items: new Map() };
        } else if (groups["quoted"] !== undefined || groups["long"] !== undefined) {
          tables.at(-1)?.items.set(text.slice(1, -1), line);
          line += lineBreaks(text);
        } else if (groups["open"] !== undefined) tables.push(text === "{" ? assigned : undefined);
        else if (groups["close"] !== undefined) tables.pop();
        assigned = undefined;
        afterDot = text === "." || text === ":";
      }
    }
  }

  /** The statement that sets `name`, when Lua says that the value ended on `line`. */
  statement(name: string, line: number): Assignment | undefined {
    return this.#found.findLast((at) => at.depth === 0 && at.name === name && at.line <= line);
  }

  /** The field `name` in the table that follows a section's name on `line`. */
  field(name: string, line: number): Assignment | undefined {
    return this.#found.find((at) => at.depth > 0 && at.name === name && at.line >= line);
  }
}

function lineBreaks(text: string): number {
  return text.split("\n").length - 1;
}
