import type { KeyRange } from "../driver.js";
import type { SqlConnection, SqlQueries } from "./connection.js";

/** Records that Prosody has no place for, in a table of our own beside its. */
const TABLE = "chorus_records";
/** Records that are read at a time. */
const PAGE = 100;

/** Makes the table, where it is not there. @throws StorageError */
export async function createOwnRecords(connection: SqlConnection): Promise<void> {
  const [key, value] = {
    SQLite3: ["BLOB", "TEXT"],
    PostgreSQL: ["BYTEA", "TEXT"],
    MySQL: ["VARBINARY(3000)", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"],
  }[connection.driver] as [string, string];
  await connection.run(
    `CREATE TABLE IF NOT EXISTS "${TABLE}" ("key" ${key} NOT NULL PRIMARY KEY, "value" ${value} NOT NULL)`,
  );
}

export async function getOwn(queries: SqlQueries, key: Buffer): Promise<string | undefined> {
  const [row] = await queries.query(`SELECT "value" AS "v" FROM "${TABLE}" WHERE "key" = ?`, [key]);
  return row && textOf(row["v"]);
}

export async function putOwn(queries: SqlQueries, key: Buffer, value: string | undefined): Promise<void> {
  await queries.run(`DELETE FROM "${TABLE}" WHERE "key" = ?`, [key]);
  if (value !== undefined) {
    await queries.run(`INSERT INTO "${TABLE}" ("key", "value") VALUES (?, ?)`, [key, value]);
  }
}

export async function removeOwn(queries: SqlQueries, from: Buffer, to: Buffer): Promise<void> {
  await queries.run(`DELETE FROM "${TABLE}" WHERE "key" >= ? AND "key" < ?`, [from, to]);
}

/** Records of a range, page by page. */
export async function* ownRecords(
  queries: SqlQueries,
  { from, to, reverse = false }: KeyRange,
): AsyncGenerator<readonly [key: Buffer, value: string]> {
  let [low, high] = [from, to];
  for (;;) {
    const rows = await queries.query(
      `SELECT "key" AS "k", "value" AS "v" FROM "${TABLE}" WHERE "key" >= ? AND "key" < ?
       ORDER BY "key" ${reverse ? "DESC" : "ASC"} LIMIT ${PAGE}`,
      [low, high],
    );
    let last: Buffer | undefined;
    for (const row of rows) {
      last = Buffer.from(row["k"] as Uint8Array);
      yield [last, textOf(row["v"])];
    }
    if (last === undefined || rows.length < PAGE) return;
    if (reverse) high = last;
    else low = Buffer.concat([last, Buffer.of(0)]);
  }
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
}
