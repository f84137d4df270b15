/** Databases that Prosody keeps its data in: how to reach them, and what to ask. */
export { openSql, type OpenSqlOptions, type SqlConnection, type SqlQueries } from "./connection.js";
export { describeSql, readSqlOptions, SQL_DRIVERS, type SqlDriverName, type SqlOptions } from "./options.js";
export type { SqlRow, SqlValue } from "./session.js";
export { createProsodyTables } from "./schema.js";
