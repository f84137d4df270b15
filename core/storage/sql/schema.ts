import type { SqlConnection } from "./connection.js";

/** An index of a table: its name, and columns in their order. */
type Index = readonly [name: string, isUnique: boolean, ...columns: string[]];

/** How MySQL keeps text that is compared byte by byte. */
const MYSQL_TEXT = "CHARACTER SET 'utf8mb4' COLLATE 'utf8mb4_bin'";
/** Characters of each column that an index of MySQL has. */
const MYSQL_PREFIX = 20;

const VALUE_INDICES: readonly Index[] = [["prosody_unique_index", true, "host", "user", "store", "key"]];
const ARCHIVE_INDICES: readonly Index[] = [
  ["prosodyarchive_index", true, "host", "user", "store", "key"],
  ["prosodyarchive_with_when", false, "host", "user", "store", "with", "when"],
  ["prosodyarchive_when", false, "host", "user", "store", "when"],
  ["prosodyarchive_sort", false, "host", "user", "store", "sort_id"],
];

/** Makes the tables that Prosody 13.0 makes, where they are not there. Those that are stay as they are. @throws StorageError */
export async function createProsodyTables(connection: SqlConnection): Promise<void> {
  const isMysql = connection.driver === "MySQL";
  const [text, long] = ["TEXT NOT NULL", isMysql ? "MEDIUMTEXT NOT NULL" : "TEXT NOT NULL"];
  const sortId = {
    SQLite3: "INTEGER PRIMARY KEY AUTOINCREMENT",
    PostgreSQL: "BIGSERIAL PRIMARY KEY",
    MySQL: "INTEGER PRIMARY KEY AUTO_INCREMENT",
  }[connection.driver];
  const columns = { host: text, user: text, store: text, key: text };
  const value = { type: text, value: long };
  await createTable(connection, "prosody", { ...columns, ...value }, VALUE_INDICES);
  const archive = { sort_id: sortId, ...columns, when: "INTEGER NOT NULL", with: text, ...value };
  await createTable(connection, "prosodyarchive", archive, ARCHIVE_INDICES);
}

async function createTable(
  connection: SqlConnection,
  table: string,
  columns: Readonly<Record<string, string>>,
  indices: readonly Index[],
): Promise<void> {
  if ((await columnsOf(connection, table)).length > 0) return;
  const isMysql = connection.driver === "MySQL";
  const quote = (name: string): string => connection.quote(name);
  const definitions = Object.entries(columns).map(([name, type]) => `${quote(name)} ${type}`);
  const statements = [`CREATE TABLE ${quote(table)} (${definitions.join(", ")})${isMysql ? ` ${MYSQL_TEXT}` : ""}`];
  for (const [name, isUnique, ...members] of indices) {
    const keys = members.map((column) =>
      isMysql && columns[column] === "TEXT NOT NULL" ? `${quote(column)}(${MYSQL_PREFIX})` : quote(column),
    );
    const kind = isUnique && !isMysql ? "UNIQUE INDEX" : "INDEX";
    statements.push(`CREATE ${kind} ${quote(name)} ON ${quote(table)} (${keys.join(", ")})`);
  }
  await connection.transaction(async ({ run }) => {
    for (const statement of statements) await run(statement);
  });
}

/** Names of the columns of a table; none: there is no such table. @throws StorageError */
export async function columnsOf(connection: SqlConnection, table: string): Promise<readonly string[]> {
  const text = {
    SQLite3: `SELECT name AS "c" FROM pragma_table_info(?)`,
    PostgreSQL: `SELECT column_name AS "c" FROM information_schema.columns
      WHERE table_name = ? AND table_schema = ANY(current_schemas(false))`,
    MySQL: `SELECT column_name AS "c" FROM information_schema.columns
      WHERE table_name = ? AND table_schema = DATABASE()`,
  }[connection.driver];
  return (await connection.query(text, [table])).map((row) => String(row["c"]));
}
