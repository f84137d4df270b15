import { openSql, type SqlConnection, type SqlOptions } from "chorus-muc";
import { phaseOf, type Found, type Phase, type Source } from "./records.js";
import { recordOf, TABLES } from "./sql-rows.js";
import type { SqlRow, SqlValue } from "./sql-statement.js";

const DRIVERS: Readonly<Record<string, "SQLite3" | "PostgreSQL" | "MySQL">> = {
  sqlite: "SQLite3",
  postgresql: "PostgreSQL",
  postgres: "PostgreSQL",
  mysql: "MySQL",
};
/** What lists the tables. */
const TABLE_NAMES = {
  SQLite3: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
  PostgreSQL: "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()",
  MySQL: "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
} as const;

/**
 * The database of an address: `sqlite:FILE`, `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, `mysql://…`.
 * @returns what is wrong with it
 */
export function readAddress(address: string, pathOf: (file: string) => string): SqlOptions | string {
  const [, scheme = "", rest = ""] = /^(\w+):([^]*)$/.exec(address) ?? [];
  const driver = Object.hasOwn(DRIVERS, scheme) ? DRIVERS[scheme] : undefined;
  if (driver === undefined) return "expected sqlite:FILE, postgresql://… or mysql://…";
  if (driver === "SQLite3") return { driver, database: pathOf(rest.replace(/^\/\/(?=\/)/, "")) };
  if (!URL.canParse(address)) return `expected ${scheme}://USER:PASSWORD@HOST:PORT/DATABASE`;
  const { username, password, hostname, port, pathname, searchParams } = new URL(address);
  const database = decodeURIComponent(pathname.slice(1));
  if (database === "") return `expected the name of a database: ${scheme}://USER:PASSWORD@HOST:PORT/DATABASE`;
  // A folder of sockets cannot stand where a host does.
  const host = searchParams.get("host") ?? decodeURIComponent(hostname);
  return {
    driver,
    database,
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
    ...(host !== "" && { host }),
    ...(port !== "" && { port: Number(port) }),
  };
}

/** The database that ejabberd keeps its tables in, of its older schema or the one with `server_host`. It is only read. */
export class DatabaseSource implements Source {
  private constructor(
    private readonly database: SqlConnection,
    private readonly tables: readonly string[],
  ) {}

  /** @returns what is wrong with the database @throws StorageError when it cannot be reached */
  static async open(options: SqlOptions): Promise<DatabaseSource | string> {
    const database = await openSql(options);
    try {
      const rows = await database.query(TABLE_NAMES[database.driver]);
      const tables = rows.map(({ name }) => String(name));
      if (tables.includes("muc_room")) return new DatabaseSource(database, tables.sort());
    } catch (error) {
      await database.close();
      throw error;
    }
    await database.close();
    return `${database.place} has no table muc_room: it is none of ejabberd's`;
  }

  get name(): string {
    return this.database.place;
  }

  async *read(phase: Phase): AsyncGenerator<Found> {
    for (const table of TABLES) {
      if (phaseOf(table) !== phase || !this.tables.includes(table)) continue;
      let number = 0;
      for await (const row of this.database.stream(`SELECT * FROM ${this.database.quote(table)}`)) {
        yield { place: `${table}, row ${++number}`, table, value: recordOf(table, rowOf(row)) };
      }
    }
    if (phase === "users") yield* this.#others();
  }

  /** Tables that nothing here reads, with how many rows they have. */
  async *#others(): AsyncGenerator<Found> {
    for (const table of this.tables) {
      if (TABLES.includes(table)) continue;
      const [row] = await this.database.query(`SELECT COUNT(*) AS number FROM ${this.database.quote(table)}`);
      const count = Number(row?.["number"]);
      if (count > 0) yield { place: table, table, value: { kind: "other", table, count } };
    }
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

/** A row as statements have it: text as bytes. */
function rowOf(row: Readonly<Record<string, unknown>>): SqlRow {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column.toLowerCase(), valueOf(value)]));
}

function valueOf(value: unknown): SqlValue {
  if (value === null || value === undefined || typeof value === "number") return value ?? undefined;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (typeof value === "boolean") return Number(value);
  return Buffer.from(value instanceof Date ? value.toISOString() : String(value as string | bigint)).toString("latin1");
}
