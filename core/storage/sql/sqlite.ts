/** SQLite through WebAssembly, which needs no compiler and is the same on every machine. */
import { existsSync, realpathSync } from "node:fs";
import { copyFile, mkdtemp, open, rm, rmdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Database } from "node-sqlite3-wasm";
import { openLevelDriver } from "../level-driver.js";
import { StorageError } from "../store.js";
import type { SqlBackend, SqlResult, SqlRow, SqlSession, SqlValue } from "./session.js";

type Library = typeof import("node-sqlite3-wasm");

/** The library, whose declarations leave out that it is one object. */
export async function importSqlite(): Promise<Library> {
  return ((await import("node-sqlite3-wasm")) as unknown as { readonly default: Library }).default;
}

/** Rows that are read without letting others have a turn. */
const SLICE = 500;

/**
 * A database file that is read, or written as well.
 *
 * The library locks a file by a folder beside it, which other programs do not look at and which stays when the process
 * is killed. So a file that is written is locked as our own databases are, in a folder `FILE.chorus-lock`: for this
 * process alone, until it ends. A file that is only read is looked at through a link in a temporary folder, so that
 * nothing is made beside it.
 *
 * @throws StorageError `STORAGE_LOCKED`, `STORAGE_NOT_WRITABLE`, `STORAGE_READ_FAILED`
 */
export async function openSqlite(library: Library, file: string, isReadOnly: boolean): Promise<SqlBackend> {
  const path = existsSync(file) ? realpathSync(file) : file;
  if (isReadOnly && path === file && !existsSync(file)) {
    throw new StorageError("STORAGE_READ_FAILED", `there is no database ${file}`);
  }
  const place = isReadOnly ? await viewOf(path) : await lock(path);
  try {
    const session = new SqliteSession(new library.Database(place.path, { readOnly: place.isReadOnly }));
    // With the lock held for good, write-ahead logs work without shared memory, which there is none of here.
    await session.execute("PRAGMA locking_mode = EXCLUSIVE", []);
    if (!isReadOnly) {
      await session.execute("PRAGMA journal_mode = DELETE", []);
      await session.execute("PRAGMA synchronous = FULL", []);
    }
    return {
      isShared: false,
      begin: "BEGIN IMMEDIATE",
      connect: () => Promise.resolve(session),
      async end() {
        session.end();
        await place.leave();
      },
    };
  } catch (error) {
    await place.leave();
    throw error;
  }
}

/** Where the library is to look. */
interface Place {
  readonly path: string;
  readonly isReadOnly: boolean;
  leave(): Promise<void>;
}

async function viewOf(file: string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "chorus-sqlite-"));
  const path = join(folder, "view.sqlite");
  const leave = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    // What a process that was killed left behind belongs to the data, and is worked in when it is opened.
    const isInterrupted = await hasContent(`${file}-journal`);
    if (isInterrupted) {
      await copyFile(file, path);
      await copyFile(`${file}-journal`, `${path}-journal`);
    } else {
      await symlink(file, path);
      if (await hasContent(`${file}-wal`)) await copyFile(`${file}-wal`, `${path}-wal`);
    }
    return { path, isReadOnly: !isInterrupted, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function hasContent(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    try {
      const first = Buffer.alloc(1);
      await handle.read(first, 0, 1, 0);
      return first[0] !== 0; // a journal that is done with may stay, with nothing in its first bytes
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

async function lock(path: string): Promise<Place> {
  const held = await openLevelDriver(`${path}.chorus-lock`);
  await rmdir(`${path}.lock`).catch(() => undefined); // of a process that was killed: nobody else has it open
  return { path, isReadOnly: false, leave: () => held.close() };
}

class SqliteSession implements SqlSession {
  readonly isBroken = false;

  constructor(private readonly db: Database) {}

  execute(text: string, values: readonly SqlValue[]): Promise<SqlResult> {
    try {
      const statement = this.db.prepare(text);
      try {
        const rows = statement.all([...values]) as SqlRow[];
        const affected = /^\s*(?:INSERT|UPDATE|DELETE)\b/i.test(text) ? this.#changes() : 0;
        return Promise.resolve({ rows, affected });
      } finally {
        statement.finalize();
      }
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  #changes(): number {
    const row = this.db.get("SELECT changes() AS n") as { n: number } | null;
    return Number(row?.n ?? 0);
  }

  async *stream(text: string, values: readonly SqlValue[]): AsyncGenerator<SqlRow> {
    const statement = this.db.prepare(text);
    try {
      let count = 0;
      for (const row of statement.iterate([...values])) {
        yield row;
        if (++count % SLICE === 0) await setImmediate();
      }
    } finally {
      statement.finalize();
    }
  }

  /** Nothing: there is one session as long as the file is open. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.db.close();
  }
}
