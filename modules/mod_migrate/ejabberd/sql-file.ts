import { phaseOf, type Found, type Phase, type Source } from "./records.js";
import { recordOf } from "./sql-rows.js";
import type { Quoting } from "./sql-statement.js";
import { quotingOf, sqlFormat, tableIn } from "./sql-text.js";
import { TextError } from "./text-error.js";
import { readRecords } from "./text-records.js";

/** What `ejabberdctl export2sql` writes: statements that would bring the tables into a database. */
export class SqlFileSource implements Source {
  #quoting: Quoting | undefined;

  constructor(
    readonly name: string,
    private readonly path: string,
    quoting: Quoting | undefined,
  ) {
    this.#quoting = quoting;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *read(phase: Phase): AsyncGenerator<Found> {
    this.#quoting ??= await quotingOf(this.path);
    const format = sqlFormat(this.#quoting, (table) => phaseOf(table) === phase);
    for await (const { line, value, head, fraction } of readRecords(this.path, format)) {
      const table = value instanceof TextError ? tableIn(head) : value.table;
      if (phaseOf(table) !== phase) continue;
      const at = { place: `line ${line}`, fraction };
      if (value instanceof TextError) yield { ...at, table, value };
      else if (table !== undefined) {
        for (const row of value.rows) yield { ...at, table, value: recordOf(table, row) };
      }
    }
  }
}
