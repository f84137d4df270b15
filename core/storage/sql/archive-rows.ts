/** Messages in Prosody's table of archives, in the order of their times. */
import { entryText, readEntry } from "../archive-entry.js";
import { positionOf, TIME_LENGTH, timeOf } from "../archive-position.js";
import type { SqlQueries } from "./connection.js";
import type { SqlRow } from "./session.js";

/** Whose archive it is. */
export interface ArchiveOwner {
  readonly host: string;
  readonly store: string;
  readonly user: string;
}

/** A message, with its place among those of its owner. */
export interface ArchiveRow {
  readonly position: string;
  readonly text: string;
}

/** Exact times of messages whose second alone is in Prosody's table: whole numbers are all that every version reads. */
const TIMES = "chorus_times";
const SORT_ID_LENGTH = 16;
const FIRST_PAGE = 32;
const LARGEST_PAGE = 512;
const COLUMNS = `a."sort_id" AS "s", a."key" AS "k", a."when" AS "t", a."with" AS "w", a."value" AS "v", e."time" AS "e"`;
const TABLES = `"prosodyarchive" a LEFT JOIN "${TIMES}" e ON e."sort_id" = a."sort_id" AND e."key" = a."key"`;
const OWNER = `a."host" = ? AND a."user" = ? AND a."store" = ?`;

/** Makes the table of times, and forgets those of messages that are gone. @throws StorageError */
export async function prepareTimes(queries: SqlQueries, driver: string): Promise<void> {
  const text = driver === "MySQL" ? "VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" : "TEXT";
  await queries.run(
    `CREATE TABLE IF NOT EXISTS "${TIMES}" ("sort_id" BIGINT PRIMARY KEY, "key" ${text} NOT NULL, "time" ${text} NOT NULL)`,
  );
  await queries.run(`DELETE FROM "${TIMES}" WHERE "sort_id" NOT IN (SELECT "sort_id" FROM "prosodyarchive")`);
}

/** Which row a position names; `undefined`: one that is not yet there. */
function sortIdOf(position: string): number | undefined {
  const stamp = position.slice(TIME_LENGTH);
  return stamp.length === SORT_ID_LENGTH ? Number(stamp) : undefined;
}

function rowOf(row: SqlRow): ArchiveRow & { readonly second: number } {
  const when = row["e"] === null || row["e"] === undefined ? Number(row["t"]) : Number(row["e"]);
  return {
    second: Math.floor(Number(row["t"])),
    position: positionOf(when, String(row["s"]).padStart(SORT_ID_LENGTH, "0")),
    text: entryText({ id: String(row["k"]), when, with: String(row["w"]), xml: String(row["v"]) }),
  };
}

export async function archiveCount(queries: SqlQueries, { host, user, store }: ArchiveOwner): Promise<number> {
  const [row] = await queries.query(`SELECT COUNT(*) AS "n" FROM "prosodyarchive" a WHERE ${OWNER}`, [
    host,
    user,
    store,
  ]);
  return Number(row?.["n"] ?? 0);
}

/** Where the message of an id is. */
export async function positionOfId(
  queries: SqlQueries,
  { host, user, store }: ArchiveOwner,
  id: string,
): Promise<string | undefined> {
  const text = `SELECT ${COLUMNS} FROM ${TABLES} WHERE ${OWNER} AND a."key" = ?`;
  const [row] = await queries.query(text, [host, user, store, id]);
  return row && rowOf(row).position;
}

export async function readArchived(
  queries: SqlQueries,
  { host, user, store }: ArchiveOwner,
  position: string,
): Promise<string | undefined> {
  const sortId = sortIdOf(position);
  if (sortId === undefined) return undefined;
  const [row] = await queries.query(`SELECT ${COLUMNS} FROM ${TABLES} WHERE ${OWNER} AND a."sort_id" = ?`, [
    host,
    user,
    store,
    sortId,
  ]);
  const found = row && rowOf(row);
  return found?.position === position ? found.text : undefined;
}

/** Puts a message where a position says, or removes it. */
export async function writeArchived(
  queries: SqlQueries,
  { host, user, store }: ArchiveOwner,
  position: string,
  text: string | undefined,
): Promise<void> {
  const sortId = sortIdOf(position);
  if (sortId !== undefined) {
    await queries.run(`DELETE FROM "prosodyarchive" WHERE "sort_id" = ?`, [sortId]);
    await queries.run(`DELETE FROM "${TIMES}" WHERE "sort_id" = ?`, [sortId]);
  }
  const entry = text === undefined ? undefined : readEntry(text);
  if (entry === undefined) return;
  const second = Math.floor(entry.when);
  const names = `"host", "user", "store", "key", "when", "with", "type", "value"`;
  const values = [host, user, store, entry.id, second, entry.with, "xml", entry.xml];
  if (sortId === undefined) {
    await queries.run(`INSERT INTO "prosodyarchive" (${names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, values);
  } else {
    const inserted = `INSERT INTO "prosodyarchive" ("sort_id", ${names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    await queries.run(inserted, [sortId, ...values]);
  }
  if (second === entry.when) return;
  const found = `SELECT a."sort_id", a."key", ? FROM "prosodyarchive" a WHERE ${OWNER} AND a."key" = ?`;
  await queries.run(`INSERT INTO "${TIMES}" ("sort_id", "key", "time") ${found}`, [
    String(entry.when),
    host,
    user,
    store,
    entry.id,
  ]);
}

/**
 * Messages between two positions, in order. Those of one second are sorted here; seconds are read in order by the index.
 * @param limit how many will be wanted, if that is known
 */
export async function* archivedBetween(
  queries: SqlQueries,
  { host, user, store }: ArchiveOwner,
  range: { readonly from: string | undefined; readonly to: string | undefined; readonly reverse: boolean },
  limit = LARGEST_PAGE,
): AsyncGenerator<ArchiveRow> {
  const { reverse } = range;
  const direction = reverse ? "DESC" : "ASC";
  let low = range.from === undefined ? undefined : Math.floor(timeOf(range.from));
  let past = range.to === undefined ? undefined : Math.floor(timeOf(range.to)) + 1;
  let page = Math.min(Math.max(limit, 1) + 1, FIRST_PAGE);
  const select = async (count: number | undefined): Promise<ReturnType<typeof rowOf>[]> => {
    const bounds = [
      ...(low === undefined ? [] : [`AND a."when" >= ${low}`]),
      ...(past === undefined ? [] : [`AND a."when" < ${past}`]),
    ];
    const rows = await queries.query(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE ${OWNER} ${bounds.join(" ")}
       ORDER BY a."when" ${direction}, a."sort_id" ${direction}${count === undefined ? "" : ` LIMIT ${count}`}`,
      [host, user, store],
    );
    return rows.map(rowOf);
  };
  for (;;) {
    let rows = await select(page);
    const last = rows.at(-1)?.second;
    const isWhole = rows.length < page || last === undefined;
    if (!isWhole) {
      if (rows[0]?.second === last) {
        // One second that is longer than a page.
        [low, past] = [last, last + 1];
        rows = await select(undefined);
      } else rows = rows.filter(({ second }) => second !== last);
    }
    rows.sort((a, b) => (a.position < b.position ? -1 : 1) * (reverse ? -1 : 1));
    yield* rows;
    if (isWhole) return;
    const read = rows.at(-1)?.second ?? last;
    if (reverse) {
      past = read;
      low = range.from === undefined ? undefined : Math.floor(timeOf(range.from));
    } else {
      low = read + 1;
      past = range.to === undefined ? undefined : Math.floor(timeOf(range.to)) + 1;
    }
    page = Math.min(page * 4, LARGEST_PAGE);
  }
}
