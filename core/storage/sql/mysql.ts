import { existsSync } from "node:fs";
import type { Connection, ConnectionOptions, QueryError, ResultSetHeader } from "mysql2";
import type { SqlOptions } from "./options.js";
import type { SqlBackend, SqlResult, SqlRow, SqlSession, SqlValue } from "./session.js";

type Library = typeof import("mysql2");

/** Where Debian's packages have the socket, which MySQL's own client asks for `localhost`. */
const SOCKET = "/run/mysqld/mysqld.sock";
const CONNECT_MS = 10_000;
/** Rows of a stream that are in memory at a time. */
const BUFFERED = 500;

/** A MySQL or MariaDB database. */
export function openMysql(library: Library, options: SqlOptions, isReadOnly: boolean): SqlBackend {
  const { database, username, password, host = "localhost", port } = options;
  const config: ConnectionOptions = {
    database,
    charset: "utf8mb4_bin",
    connectTimeout: CONNECT_MS,
    ...(host.startsWith("/")
      ? { socketPath: host }
      : host === "localhost" && port === undefined && existsSync(SOCKET)
        ? { socketPath: SOCKET }
        : { host }),
    ...(username !== undefined && { user: username }),
    ...(password !== undefined && { password }),
    ...(port !== undefined && { port }),
  };
  return {
    isShared: true,
    begin: "START TRANSACTION",
    async connect() {
      const connection = library.createConnection(config);
      const session = new MysqlSession(connection);
      await new Promise<void>((resolve, reject) => {
        connection.connect((error) => (error ? reject(error) : resolve()));
      });
      // So that one way of quoting names does for all databases.
      await session.execute("SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',ANSI_QUOTES')", []);
      if (isReadOnly) await session.execute("SET SESSION TRANSACTION READ ONLY", []);
      return session;
    },
    end: () => Promise.resolve(),
  };
}

class MysqlSession implements SqlSession {
  isBroken = false;

  constructor(private readonly connection: Connection) {
    connection.on("error", () => (this.isBroken = true));
    connection.on("end", () => (this.isBroken = true));
  }

  execute(text: string, values: readonly SqlValue[]): Promise<SqlResult> {
    return new Promise((resolve, reject) => {
      const done = (error: QueryError | null, result: unknown): void => {
        if (error?.fatal) this.isBroken = true;
        if (error) reject(error);
        else if (Array.isArray(result)) resolve({ rows: result as SqlRow[], affected: 0 });
        else resolve({ rows: [], affected: (result as ResultSetHeader).affectedRows });
      };
      // Transactions and settings cannot be prepared everywhere.
      if (values.length === 0) this.connection.query(text, done);
      else this.connection.execute(text, [...values], done);
    });
  }

  async *stream(text: string, values: readonly SqlValue[]): AsyncGenerator<SqlRow> {
    const rows = this.connection.execute(text, [...values]).stream({ highWaterMark: BUFFERED });
    let isDone = false;
    try {
      for await (const row of rows) yield row as SqlRow;
      isDone = true;
    } finally {
      // What was asked for is on its way, wanted or not.
      if (!isDone) this.#hangUp();
    }
  }

  async close(): Promise<void> {
    if (this.isBroken) return this.connection.destroy();
    await new Promise<void>((resolve) => this.connection.end(() => resolve()));
  }

  #hangUp(): void {
    this.isBroken = true;
    this.connection.destroy();
  }
}
