import { StorageError } from "../store.js";
import type { SqlConnection, SqlRow } from "../sql/index.js";
import { columnsOf } from "../sql/schema.js";
import { DataError } from "./data-error.js";
import { decodeUtf8, type LuaTable } from "./lua-data.js";
import type { ProsodyArchive, ProsodyData, ProsodyMessage, ProsodyRecord, ProsodyValue } from "./prosody-data.js";
import { decodeSql, parseXml, tableOfRows, type SqlEntry } from "./sql-values.js";
import { toElement } from "./stanza.js";

const VALUES = "prosody";
const ARCHIVES = "prosodyarchive";
/** Columns without which nothing can be made of a table. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  [VALUES]: ["host", "user", "store", "key", "type", "value"],
  [ARCHIVES]: ["sort_id", "host", "user", "store", "key", "when", "with", "type", "value"],
};
/** Users whose values are asked for together: most are read one after the other. */
const AT_A_TIME = 100;

/** Data as Prosody's driver `sql` keeps it. */
export class ProsodySql implements ProsodyData {
  private constructor(
    private readonly connection: SqlConnection,
    /** Tables that there are. */
    private readonly tables: ReadonlySet<string>,
  ) {}

  /**
   * Looks whether the tables are Prosody's; if not, the connection is closed.
   * @throws StorageError `STORAGE_SCHEMA` when they are of no version that is known, and what keeps them from being read
   */
  static async open(connection: SqlConnection): Promise<ProsodySql> {
    try {
      return new ProsodySql(connection, await ProsodySql.#tablesOf(connection));
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  static async #tablesOf(connection: SqlConnection): Promise<ReadonlySet<string>> {
    const tables = new Set<string>();
    const refuse = (lack: string): never => {
      const remedy = "it is of another version: start a Prosody 0.10 to 13.0 on it once, which brings it up to date";
      throw new StorageError("STORAGE_SCHEMA", `${connection.place}: ${lack}; ${remedy}`);
    };
    for (const [table, columns] of Object.entries(COLUMNS)) {
      const found = await columnsOf(connection, table);
      if (found.length === 0) continue;
      const missing = columns.filter((column) => !found.includes(column));
      if (missing.length > 0) refuse(`its table ${table} has no column ${missing.join(", ")}`);
      const charset = await otherCharset(connection, table);
      if (charset !== undefined) refuse(`its table ${table} has text in ${charset} instead of UTF-8`);
      tables.add(table);
    }
    return tables;
  }

  get place(): string {
    return this.connection.place;
  }

  async stores(host: string): Promise<readonly string[]> {
    const names = new Set<string>();
    for (const table of this.tables) {
      const rows = await this.connection.query(`SELECT DISTINCT "store" AS "s" FROM "${table}" WHERE "host" = ?`, [
        host,
      ]);
      for (const row of rows) names.add(String(row["s"]));
    }
    return [...names].sort();
  }

  async values(host: string, store: string): Promise<readonly ProsodyValue[]> {
    const records = await this.#users(VALUES, host, store);
    const reader = new ValueReader(this.connection, (text) => this.#exact(text), host, store, records);
    return records.map((record, at) => ({ ...record, read: () => reader.read(at) }));
  }

  async archives(host: string, store: string): Promise<readonly ProsodyArchive[]> {
    return (await this.#users(ARCHIVES, host, store)).map((record) => ({
      ...record,
      messages: () => this.#messages(host, store, record.user ?? ""),
      check: () => Promise.resolve(undefined),
    }));
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** Who has something in a store, in order of name, the host itself first. */
  async #users(table: string, host: string, store: string): Promise<ProsodyRecord[]> {
    if (!this.tables.has(table)) return [];
    const text = `SELECT DISTINCT ${this.#exact("user")} AS "u" FROM "${table}" WHERE "host" = ? AND "store" = ?`;
    const users: (string | undefined)[] = [];
    for await (const row of this.connection.stream(text, [host, store])) users.push(textOf(row["u"]));
    const place = `${this.place}, table ${table}`;
    return users
      .sort((a = "", b = "") => (a < b ? -1 : a > b ? 1 : 0))
      .map((user) => ({ user: user === "" ? null : user, place }));
  }

  async *#messages(host: string, store: string, user: string): AsyncGenerator<ProsodyMessage | DataError> {
    const [key, kind, value] = ["key", "with", "value"].map((column) => this.#exact(column));
    const text = `SELECT ${key} AS "k", "when" AS "t", ${kind} AS "w", "type" AS "y", ${value} AS "v"
      FROM "${ARCHIVES}" WHERE "host" = ? AND "user" = ? AND "store" = ? ORDER BY "sort_id"`;
    for await (const row of this.connection.stream(text, [host, user, store])) yield messageOf(row);
  }

  /** A column byte by byte, where text may be anything. */
  #exact(column: string): string {
    return this.connection.driver === "SQLite3" ? `CAST("${column}" AS BLOB)` : `"${column}"`;
  }
}

/** Reads values in the order of their users, many at a time. */
class ValueReader {
  /** What was read and not yet asked for, by user. */
  #ahead = new Map<string, SqlRow[]>();

  constructor(
    private readonly connection: SqlConnection,
    private readonly exact: (column: string) => string,
    private readonly host: string,
    private readonly store: string,
    private readonly records: readonly ProsodyRecord[],
  ) {}

  async read(at: number): Promise<LuaTable> {
    const user = this.records[at]?.user ?? "";
    if (!this.#ahead.has(user)) await this.#readFrom(at);
    const rows = this.#ahead.get(user) ?? [];
    this.#ahead.delete(user);
    return tableOfRows(rows.map(entryOf));
  }

  async #readFrom(at: number): Promise<void> {
    const users = this.records
      .slice(at, at + AT_A_TIME)
      .flatMap(({ user }) => (user === undefined ? [] : [user ?? ""]));
    const [name, key, value] = ["user", "key", "value"].map(this.exact);
    const text = `SELECT ${name} AS "u", ${key} AS "k", "type" AS "y", ${value} AS "v" FROM "${VALUES}"
      WHERE "host" = ? AND "store" = ? AND "user" IN (${users.map(() => "?").join(", ")})`;
    this.#ahead = new Map(users.map((user) => [user, []]));
    for (const row of await this.connection.query(text, [this.host, this.store, ...users])) {
      this.#ahead.get(textOf(row["u"]) ?? "")?.push(row);
    }
  }
}

function entryOf(row: SqlRow): SqlEntry {
  const [key, value] = [textOf(row["k"]), textOf(row["v"])];
  if (key === undefined) throw new DataError("PROSODY_ENCODING", "expected keys in UTF-8, got other bytes", undefined);
  if (value === undefined) {
    throw new DataError("PROSODY_ENCODING", `key ${JSON.stringify(key)}: expected UTF-8, got other bytes`, undefined);
  }
  return { key, type: String(row["y"]), value };
}

function messageOf(row: SqlRow): ProsodyMessage | DataError {
  const [id, kind, text] = [textOf(row["k"]), textOf(row["w"]), textOf(row["v"])];
  try {
    if (id === undefined || kind === undefined || text === undefined) {
      throw new DataError("PROSODY_ENCODING", "expected text in UTF-8, got other bytes", undefined);
    }
    if (id === "") throw new DataError("PROSODY_SHAPE", "the message has no id", undefined);
    const when = Number(row["t"]);
    if (!Number.isFinite(when)) throw new DataError("PROSODY_SHAPE", "the message has no time", undefined);
    const type = String(row["y"]);
    const stanza = type === "xml" ? parseXml(text) : toElement(decodeSql(type, text));
    return { id, stanza, when, with: kind };
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

/** Text of a column; `undefined`: its bytes are no UTF-8. */
function textOf(value: unknown): string | undefined {
  return value instanceof Uint8Array ? decodeUtf8(Buffer.from(value)) : String(value);
}

/** What the text of a table is in, where it is not UTF-8 (MySQL, before Prosody 0.10). */
async function otherCharset(connection: SqlConnection, table: string): Promise<string | undefined> {
  if (connection.driver !== "MySQL") return undefined;
  const text = `SELECT character_set_name AS "c" FROM information_schema.columns
    WHERE table_name = ? AND table_schema = DATABASE() AND character_set_name NOT LIKE 'utf8%'`;
  const [row] = await connection.query(text, [table]);
  return row === undefined ? undefined : String(row["c"]);
}
