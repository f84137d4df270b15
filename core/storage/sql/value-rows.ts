/** Values in Prosody's table of values. */
import { shapeOf } from "../prosody/shapes.js";
import { rowsOfTable, tableOfRows } from "../prosody/sql-values.js";
import type { Json } from "../store.js";
import type { SqlQueries } from "./connection.js";

/** Whose value it is; `null`: the host's own. */
export interface ValueOwner {
  readonly host: string;
  readonly store: string;
  readonly user: string | null;
}

const OWNER = `"host" = ? AND "user" = ? AND "store" = ?`;

/** @throws DataError when it is damaged */
export async function readValue(queries: SqlQueries, { host, store, user }: ValueOwner): Promise<string | undefined> {
  const rows = await queries.query(`SELECT "key", "type", "value" FROM "prosody" WHERE ${OWNER}`, [
    host,
    user ?? "",
    store,
  ]);
  if (rows.length === 0) return undefined;
  const entries = rows.map((row) => ({
    key: String(row["key"]),
    type: String(row["type"]),
    value: String(row["value"]),
  }));
  return JSON.stringify(shapeOf(store).fromTable(tableOfRows(entries)));
}

/** @param isExact text that differs in spaces at its end alone is not the same to this database */
export async function writeValue(
  queries: SqlQueries,
  { host, store, user }: ValueOwner,
  text: string | undefined,
  isExact: boolean,
): Promise<void> {
  const owner = [host, user ?? "", store];
  const wanted = new Map(
    text === undefined
      ? []
      : rowsOfTable(shapeOf(store).toTable(JSON.parse(text) as Json)).map((row) => [row.key, row] as const),
  );
  if (wanted.size < 2 || !isExact) await queries.run(`DELETE FROM "prosody" WHERE ${OWNER}`, owner);
  else {
    const present = await queries.query(`SELECT "key", "type", "value" FROM "prosody" WHERE ${OWNER}`, owner);
    for (const row of present) {
      const key = String(row["key"]);
      const same = wanted.get(key);
      if (same?.type === row["type"] && same?.value === row["value"]) wanted.delete(key);
      else await queries.run(`DELETE FROM "prosody" WHERE ${OWNER} AND "key" = ?`, [...owner, key]);
    }
  }
  const inserted = `INSERT INTO "prosody" ("host", "user", "store", "key", "type", "value") VALUES (?, ?, ?, ?, ?, ?)`;
  for (const { key, type, value } of wanted.values()) await queries.run(inserted, [...owner, key, type, value]);
}

/** Users with values in a store, without the host itself. */
export async function valueUsers(queries: SqlQueries, host: string, store: string): Promise<string[]> {
  const text = `SELECT DISTINCT "user" AS "u" FROM "prosody" WHERE "host" = ? AND "store" = ? AND "user" <> ''`;
  return (await queries.query(text, [host, store])).map((row) => String(row["u"]));
}

/** Users with an archive, and how many messages it has. */
export async function archiveUsers(queries: SqlQueries, host: string, store: string): Promise<string[]> {
  const text = `SELECT DISTINCT "user" AS "u" FROM "prosodyarchive" WHERE "host" = ? AND "store" = ? AND "user" <> ''`;
  return (await queries.query(text, [host, store])).map((row) => String(row["u"]));
}
