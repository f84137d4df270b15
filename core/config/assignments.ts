/**
 * Where options are written in a Lua source. Lua's own line of an assignment is that of the value's last token; an
 * operator looks for the name.
 */

interface Assignment {
  readonly name: string;
  readonly line: number;
  /** Of brackets around it: 0 for a statement, 1 or more for a field of a table. */
  readonly depth: number;
}

const TOKEN =
  /(?<comment>--(?:\[(?<commentLevel>=*)\[[^]*?\]\k<commentLevel>\]|(?!\[=*\[)[^\n]*))|(?<long>\[(?<level>=*)\[[^]*?\]\k<level>\])|(?<quoted>"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*')|(?<name>[A-Za-z_]\w*)|(?<open>[({[])|(?<close>[)}\]])|(?<newline>\n)|(?<space>[ \t\r]+)|(?<other>==|[<>~]=|\.\.+|[^])/g;

/** Finds assignments in one source; see {@link Assignments.statement} and {@link Assignments.field}. */
export class Assignments {
  readonly #found: Assignment[] = [];

  constructor(source: string) {
    let line = 1;
    let depth = 0;
    let candidate: Assignment | undefined;
    let afterDot = false;
    for (const { 0: text, groups = {} } of source.matchAll(TOKEN)) {
      if (groups["name"] !== undefined) {
        candidate = afterDot ? undefined : { name: text, line, depth };
        afterDot = false;
        continue;
      }
      if (groups["newline"] !== undefined) line++;
      else if (groups["comment"] !== undefined || groups["long"] !== undefined || groups["quoted"] !== undefined) {
        line += text.split("\n").length - 1;
        if (groups["comment"] === undefined) candidate = undefined;
      } else if (groups["space"] === undefined) {
        if (text === "=" && candidate) this.#found.push(candidate);
        if (groups["open"] !== undefined) depth++;
        else if (groups["close"] !== undefined) depth = Math.max(0, depth - 1);
        candidate = undefined;
        afterDot = text === "." || text === ":";
      }
    }
  }

  /** Line of the statement that sets `name`, when Lua says that the value ended on `line`. */
  statement(name: string, line: number): number {
    return this.#found.findLast((at) => at.depth === 0 && at.name === name && at.line <= line)?.line ?? line;
  }

  /** Line of the field `name` in the table that follows a section's name on `line`. */
  field(name: string, line: number): number {
    return this.#found.find((at) => at.depth > 0 && at.name === name && at.line >= line)?.line ?? line;
  }
}
