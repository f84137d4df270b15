import { existsSync } from "node:fs";
import {
  createProsodyTables,
  describeSql,
  openSql,
  ProsodySql,
  rowsOfTable,
  serialise,
  type LuaTable,
  type ProsodyMessage,
  type SqlConnection,
  type SqlOptions,
  type SqlQueries,
  type SqlValue,
} from "chorus-muc";
import type { OverPresent } from "./command-line.js";
import { dataPresent, type ExportTarget } from "./target.js";

/** Messages that are written by one statement. */
const BATCH = 100;
const VALUES = "prosody";
const ARCHIVES = "prosodyarchive";

/** A transaction on its way. */
interface Writing {
  readonly connection: SqlConnection;
  readonly queries: SqlQueries;
  /** Ends it; with an error nothing of it was. */
  end(error?: Error): void;
  /** Resolves when what was written is there. */
  readonly done: Promise<void>;
}

/** A database in Prosody's schema. Everything is one transaction: all of it is there in the end, or nothing. */
export class SqlTarget implements ExportTarget {
  readonly place: string;
  #writing: Writing | undefined;

  constructor(
    private readonly options: SqlOptions,
    private readonly over: OverPresent | undefined,
    /** Whole seconds only: what Prosody 0.12 reads, and all that most databases hold. */
    private readonly floor: boolean,
  ) {
    this.place = describeSql(options);
  }

  async present(host: string): Promise<readonly string[]> {
    if (this.options.driver === "SQLite3" && !existsSync(this.options.database)) return [];
    const data = await ProsodySql.open(await openSql(this.options));
    try {
      return await data.stores(host);
    } finally {
      await data.close();
    }
  }

  async begin(host: string): Promise<void> {
    this.#writing ??= await beginWriting(this.options);
    for (const table of this.over === undefined ? [VALUES, ARCHIVES] : []) {
      const text = `SELECT 1 FROM "${table}" WHERE "host" = ? LIMIT 1`;
      if ((await this.#open.queries.query(text, [host])).length > 0) throw dataPresent(this.place, host);
    }
    if (this.over !== "replace") return;
    for (const table of [VALUES, ARCHIVES]) await this.#run(`DELETE FROM "${table}" WHERE "host" = ?`, [host]);
  }

  async put(host: string, store: string, user: string | null, table: LuaTable): Promise<void> {
    const whose = [host, user ?? "", store];
    await this.#clear(VALUES, whose);
    const rows = rowsOfTable(table).map(({ key, type, value }) => [...whose, key, type, value]);
    await this.#insert(VALUES, ["host", "user", "store", "key", "type", "value"], rows);
  }

  async archive(host: string, store: string, user: string, messages: AsyncIterable<ProsodyMessage>): Promise<void> {
    const whose = [host, user, store];
    const columns = ["host", "user", "store", "key", "when", "with", "type", "value"];
    await this.#clear(ARCHIVES, whose);
    let rows: SqlValue[][] = [];
    for await (const { id, when, with: kind, stanza } of messages) {
      rows.push([...whose, id, this.floor ? Math.floor(when) : when, kind, "xml", serialise(stanza)]);
      if (rows.length < BATCH) continue;
      await this.#insert(ARCHIVES, columns, rows);
      rows = [];
    }
    await this.#insert(ARCHIVES, columns, rows);
  }

  async writtenValues(host: string, store: string): Promise<ReadonlySet<string | null>> {
    const text = `SELECT DISTINCT "user" AS "u" FROM "${VALUES}" WHERE "host" = ? AND "store" = ?`;
    const rows = await this.#open.queries.query(text, [host, store]);
    return new Set(rows.map((row) => (row["u"] === "" ? null : String(row["u"]))));
  }

  async writtenMessages(host: string, store: string): Promise<ReadonlyMap<string, number>> {
    const text = `SELECT "user" AS "u", COUNT(*) AS "n" FROM "${ARCHIVES}" WHERE "host" = ? AND "store" = ? GROUP BY "user"`;
    const rows = await this.#open.queries.query(text, [host, store]);
    return new Map(rows.map((row) => [String(row["u"]), Number(row["n"])]));
  }

  async commit(): Promise<readonly string[]> {
    if (this.#writing === undefined) return [];
    const { end, done, connection } = this.#writing;
    end();
    try {
      await done;
    } finally {
      this.#writing = undefined;
      await connection.close();
    }
    return [];
  }

  async abandon(): Promise<void> {
    if (this.#writing === undefined) return;
    const { end, done, connection } = this.#writing;
    this.#writing = undefined;
    end(new Error("abandoned"));
    await done.catch(() => undefined);
    await connection.close();
  }

  get #open(): Writing {
    if (this.#writing === undefined) throw new TypeError("nothing was begun");
    return this.#writing;
  }

  #run(text: string, values: readonly SqlValue[]): Promise<number> {
    return this.#open.queries.run(text, values);
  }

  async #clear(table: string, whose: readonly string[]): Promise<void> {
    await this.#run(`DELETE FROM "${table}" WHERE "host" = ? AND "user" = ? AND "store" = ?`, whose);
  }

  async #insert(table: string, columns: readonly string[], rows: readonly SqlValue[][]): Promise<void> {
    if (rows.length === 0) return;
    const names = columns.map((column) => `"${column}"`).join(", ");
    const places = rows.map(() => `(${columns.map(() => "?").join(", ")})`).join(", ");
    await this.#run(`INSERT INTO "${table}" (${names}) VALUES ${places}`, rows.flat());
  }
}

async function beginWriting(options: SqlOptions): Promise<Writing> {
  const connection = await openSql(options, { mode: "write" });
  try {
    await createProsodyTables(connection);
    return await new Promise<Writing>((resolve, reject) => {
      const done = connection.transaction(
        (queries) =>
          new Promise<void>((commit, rollBack) => {
            const end = (error?: Error): void => {
              if (error) rollBack(error);
              else commit();
            };
            // Not before the transaction is known by its promise.
            queueMicrotask(() => resolve({ connection, queries, end, done }));
          }),
      );
      done.catch(reject);
    });
  } catch (error) {
    await connection.close();
    throw error;
  }
}
