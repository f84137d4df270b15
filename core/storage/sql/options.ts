import { isAbsolute, join } from "node:path";
import type { ConfigValue } from "../../config/config.js";

/** The databases that Prosody can keep its data in, by its own names. */
export const SQL_DRIVERS = ["SQLite3", "PostgreSQL", "MySQL"] as const;
/** The name of a kind of database, as Prosody's option has it. */
export type SqlDriverName = (typeof SQL_DRIVERS)[number];

/** Which database, as in Prosody's option `sql`. */
export interface SqlOptions {
  readonly driver: SqlDriverName;
  /** SQLite: the file, absolute; else the name of the database. */
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  /** Left out: the server of this machine, through its socket where it has one in the usual place. */
  readonly host?: string;
  readonly port?: number;
}

const DEFAULT_FILE = "prosody.sqlite";

/**
 * The database that a value of the option `sql` names; without one it is SQLite, as in Prosody.
 * @param dataPath where a relative file of SQLite counts from
 * @returns what is wrong with the value, for `option: …`
 */
export function readSqlOptions(value: ConfigValue | undefined, dataPath: string): SqlOptions | string {
  if (value === undefined) return { driver: "SQLite3", database: join(dataPath, DEFAULT_FILE) };
  if (typeof value !== "object" || Array.isArray(value)) {
    return `expected a table such as { driver = "SQLite3", database = "${DEFAULT_FILE}" }, got something else`;
  }
  const driver = SQL_DRIVERS.find((name) => name === value["driver"]);
  if (driver === undefined) {
    const known = SQL_DRIVERS.map((name) => `"${name}"`).join(", ");
    return `expected a driver out of ${known}, got ${JSON.stringify(value["driver"] ?? "nothing")}`;
  }
  const texts: { database?: string; username?: string; password?: string; host?: string } = {};
  for (const key of ["database", "username", "password", "host"] as const) {
    const text = value[key];
    if (typeof text === "string" || typeof text === "number") texts[key] = String(text);
    else if (text !== undefined) return `expected ${key} to be a string, got something else`;
  }
  const port = value["port"] === undefined ? undefined : Number(value["port"]);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    return `expected port to be a number up to 65535, got ${JSON.stringify(value["port"])}`;
  }
  if (driver === "SQLite3") {
    const file = texts.database ?? DEFAULT_FILE;
    return { driver, database: isAbsolute(file) ? file : join(dataPath, file) };
  }
  const { database, ...access } = texts;
  if (database === undefined) return `expected the name of a database, got nothing`;
  return { driver, database, ...access, ...(port !== undefined && { port }) };
}

/** A database for people: never with a password. */
export function describeSql({ driver, database, host, port }: SqlOptions): string {
  if (driver === "SQLite3") return database;
  const at = host === undefined ? "" : ` on ${host}${port === undefined ? "" : `:${port}`}`;
  return `${driver} database ${database}${at}`;
}
