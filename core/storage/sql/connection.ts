import { StorageError } from "../store.js";
import { openMysql } from "./mysql.js";
import { describeSql, type SqlDriverName, type SqlOptions } from "./options.js";
import { openPostgres } from "./postgres.js";
import type { SqlBackend, SqlResult, SqlRow, SqlSession, SqlValue } from "./session.js";
import { importSqlite, openSqlite } from "./sqlite.js";

/** Sessions that are used at a time, but for those of streams: who asks for more waits. */
const MOST_SESSIONS = 4;

/** What can be asked of a database, or of a transaction in it. */
export interface SqlQueries {
  /**
   * Rows of a statement that has few. Names stand in double quotes and `?` for each value, whatever the database.
   * @throws StorageError
   */
  query(text: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** A statement that changes something. @returns how many rows it changed @throws StorageError */
  run(text: string, values?: readonly SqlValue[]): Promise<number>;
}

/** A database of a server, or a file of SQLite; {@link openSql} makes it. */
export interface SqlConnection extends SqlQueries {
  readonly driver: SqlDriverName;
  /** For people: which database, without password. */
  readonly place: string;
  /** A name in quotes, for a statement. */
  quote(name: string): string;
  /** Rows of a statement that may have millions: a few hundred are in memory at a time. @throws StorageError */
  stream(text: string, values?: readonly SqlValue[]): AsyncGenerator<SqlRow>;
  /** What `work` does is there when it is done, all or none of it. @throws StorageError, and what `work` throws */
  transaction<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T>;
  /** When nothing is being asked any more. */
  close(): Promise<void>;
}

/** How a database is opened. */
export interface OpenSqlOptions {
  /** `"read"` (default): nothing can be written, not even by mistake. A SQLite file that is written is made if absent. */
  readonly mode?: "read" | "write";
}

/**
 * Opens a database as Prosody's option `sql` names it; the library for it is loaded now. The server is asked once, so
 * that what is wrong is known at once; later, a session that was lost is made anew.
 *
 * @throws StorageError `STORAGE_UNREACHABLE` (no such server, database or user), `STORAGE_LIBRARY`, and for a file
 *   `STORAGE_LOCKED`, `STORAGE_NOT_WRITABLE`, `STORAGE_READ_FAILED`
 */
export async function openSql(options: SqlOptions, { mode = "read" }: OpenSqlOptions = {}): Promise<SqlConnection> {
  const place = describeSql(options);
  const backend = await openBackend(options, mode === "read").catch((cause: unknown) => {
    throw toStorageError("STORAGE_UNREACHABLE", place, options, cause);
  });
  const connection = new PooledConnection(options, place, backend);
  try {
    await connection.query("SELECT 1");
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function openBackend(options: SqlOptions, isReadOnly: boolean): Promise<SqlBackend> {
  switch (options.driver) {
    case "SQLite3":
      return openSqlite(await library("node-sqlite3-wasm", importSqlite()), options.database, isReadOnly);
    case "PostgreSQL":
      return openPostgres((await library("pg", import("pg"))).default, options, isReadOnly);
    case "MySQL":
      return openMysql(await library("mysql2", import("mysql2")), options, isReadOnly);
  }
}

async function library<T>(name: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (cause) {
    throw new StorageError("STORAGE_LIBRARY", `the library ${name} cannot be loaded: npm install ${name}`, { cause });
  }
}

function toStorageError(
  code: StorageError["code"],
  place: string,
  { password }: SqlOptions,
  cause: unknown,
): StorageError {
  if (cause instanceof StorageError) return cause;
  const { message = "", code: name } = cause instanceof Error ? (cause as NodeJS.ErrnoException) : {};
  const reason = message === "" ? (name ?? String(cause)) : message;
  const told = password === undefined || password === "" ? reason : reason.replaceAll(password, "…");
  return new StorageError(code, `${place}: ${told}`, { cause });
}

class PooledConnection implements SqlConnection {
  readonly #idle: SqlSession[] = [];
  #used = 0;
  readonly #waiting: (() => void)[] = [];
  /** Where there is one session only: the end of its line. */
  #turn: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(
    private readonly options: SqlOptions,
    readonly place: string,
    private readonly backend: SqlBackend,
  ) {}

  get driver(): SqlDriverName {
    return this.options.driver;
  }

  quote(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
  }

  async query(text: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    return (await this.#once((session) => this.#execute(session, text, values, "STORAGE_READ_FAILED"))).rows;
  }

  async run(text: string, values: readonly SqlValue[] = []): Promise<number> {
    return (await this.#once((session) => this.#execute(session, text, values, "STORAGE_WRITE_FAILED"), true)).affected;
  }

  async *stream(text: string, values: readonly SqlValue[] = []): AsyncGenerator<SqlRow> {
    const session = this.#kept() ?? (await this.#connect());
    try {
      yield* session.stream(text, values);
    } catch (cause) {
      throw toStorageError("STORAGE_READ_FAILED", this.place, this.options, cause);
    } finally {
      if (this.backend.isShared) await this.#keep(session);
    }
  }

  transaction<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T> {
    return this.#once(async (session) => {
      const execute = (text: string, values: readonly SqlValue[] = []): Promise<SqlResult> =>
        this.#execute(session, text, values, "STORAGE_WRITE_FAILED");
      await execute(this.backend.begin);
      try {
        const result = await work({
          query: async (text, values) => (await execute(text, values)).rows,
          run: async (text, values) => (await execute(text, values)).affected,
        });
        await execute("COMMIT");
        return result;
      } catch (error) {
        if (!session.isBroken) await session.execute("ROLLBACK", []).catch(() => undefined);
        throw error;
      }
    }, true);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#turn;
    for (const session of this.#idle.splice(0)) await session.close().catch(() => undefined);
    await this.backend.end();
  }

  async #execute(
    session: SqlSession,
    text: string,
    values: readonly SqlValue[],
    code: StorageError["code"],
  ): Promise<SqlResult> {
    try {
      return await session.execute(text, values);
    } catch (cause) {
      throw toStorageError(code, this.place, this.options, cause);
    }
  }

  /** @param isFinal it is not done a second time, whatever becomes of it: a change, or what was tried already */
  async #once<T>(work: (session: SqlSession) => Promise<T>, isFinal = false): Promise<T> {
    if (this.#closing) throw new StorageError("STORAGE_CLOSED", `${this.place} is closed`);
    if (!this.backend.isShared) return this.#inTurn(work);
    if (this.#used < MOST_SESSIONS) this.#used++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve)); // who is done gives up its place
    try {
      return await this.#attempt(work, isFinal);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#used--;
    }
  }

  async #attempt<T>(work: (session: SqlSession) => Promise<T>, isFinal: boolean): Promise<T> {
    const kept = this.#kept();
    const session = kept ?? (await this.#connect());
    try {
      return await work(session);
    } catch (error) {
      // A server that was started again does not know a session from before, which may show only now.
      if (isFinal || kept === undefined || !session.isBroken) throw error;
    } finally {
      await this.#keep(session);
    }
    return this.#attempt(work, true);
  }

  /** One after the other, where there is one session only. */
  #inTurn<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => work(await this.#connect()));
    this.#turn = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async #connect(): Promise<SqlSession> {
    try {
      return await this.backend.connect();
    } catch (cause) {
      throw toStorageError("STORAGE_UNREACHABLE", this.place, this.options, cause);
    }
  }

  #kept(): SqlSession | undefined {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.isBroken) return session;
      void session.close().catch(() => undefined); // it has gone already
    }
    return undefined;
  }

  async #keep(session: SqlSession): Promise<void> {
    if (!session.isBroken && !this.#closing && this.#idle.length < MOST_SESSIONS) this.#idle.push(session);
    else await session.close().catch(() => undefined); // whoever used it has what was to be had
  }
}
