/** Records in a LevelDB folder, or in memory with the same order and the same semantics. The only importer of `level`. */
import { readFile, rm, stat, statfs, writeFile } from "node:fs/promises";
import { constants, accessSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { AbstractLevel } from "abstract-level";
import { Level } from "level";
import { MemoryLevel } from "memory-level";
import type { KeyRange, RecordChange, RecordCursor, StorageDriver } from "./driver.js";
import { StorageError } from "./store.js";

type Database = AbstractLevel<string | Buffer | Uint8Array, Buffer, string>;
/** Changes that are handed over without letting others have a turn. */
const SLICE = 1000;
const PROBE_BYTES = 8 * 1024 * 1024;
const ENCODINGS = { keyEncoding: "buffer", valueEncoding: "utf8" } as const;

/** Makes sure that a database can be opened again and written, before it is closed for that; throws if not. */
type Probe = () => Promise<void>;

class LevelDriver implements StorageDriver {
  #isSuspect = false;
  #reopening: Promise<void> | undefined;

  constructor(
    readonly name: string,
    private readonly db: Database,
    private readonly probe?: Probe,
  ) {}

  async get(key: Buffer): Promise<string | undefined> {
    if (this.#reopening !== undefined) await this.#reopening;
    return this.db.get(key);
  }

  getSync(key: Buffer): string | undefined {
    return this.db.getSync(key);
  }

  cursor({ from, to, reverse = false, limit = -1 }: KeyRange): RecordCursor {
    return this.db.iterator({ gte: from, lt: to, reverse, limit });
  }

  async batch(changes: readonly RecordChange[], options: { readonly sync: boolean }): Promise<void> {
    if (this.#isSuspect) await this.#reopen();
    try {
      await this.#write(changes, options);
    } catch (error) {
      this.#isSuspect = this.probe !== undefined;
      throw error;
    }
  }

  /**
   * A write that failed may have left half of itself at the end of LevelDB's log; what is written behind it is gone when
   * the log is read again, synced or not. Opening the database reads the log up to there and begins a new one. While
   * there is no room for that (a full disk), it stays open for reading and goes on refusing writes.
   */
  async #reopen(): Promise<void> {
    await this.probe?.();
    this.#reopening = this.db.close().then(() => this.db.open());
    try {
      await this.#reopening;
      this.#isSuspect = false;
    } finally {
      this.#reopening = undefined;
    }
  }

  /** In one piece, handed over in slices, so that a huge one does not keep the process from its work. */
  async #write(changes: readonly RecordChange[], options: { readonly sync: boolean }): Promise<void> {
    const batch = this.db.batch();
    try {
      let at = 0;
      for (const { key, value } of changes) {
        if (value === undefined) batch.del(key);
        else batch.put(key, value);
        if (++at % SLICE === 0) await setImmediate();
      }
      await batch.write(options);
    } finally {
      await batch.close();
    }
  }

  close(): Promise<void> {
    return this.db.close();
  }
}

/** Records in memory, gone with the process. */
export function openMemoryDriver(): StorageDriver {
  return new LevelDriver("memory", new MemoryLevel<Buffer, string>(ENCODINGS));
}

/**
 * Records in a folder, which is made if it is not there, with the folders above it.
 *
 * @throws StorageError `STORAGE_LOCKED`, `STORAGE_NOT_WRITABLE`, `STORAGE_CORRUPT`; each names the folder
 */
export async function openLevelDriver(path: string): Promise<StorageDriver> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o750 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw notWritable(path, cause);
  }
  const db = new Level<Buffer, string>(path, ENCODINGS);
  try {
    await db.open();
  } catch (error) {
    throw await openError(path, error);
  }
  return new LevelDriver("level", db, () => probe(path));
}

/** LevelDB's repair: makes of the files in a folder a database that opens. For a copy of one that does not. */
export function repairLevel(path: string): Promise<void> {
  return (Level as unknown as { repair(location: string): Promise<void> }).repair(path);
}

/** Writes as much as LevelDB may need to write to open a database: a full write buffer, 4 MiB, and then some. */
async function probe(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize < PROBE_BYTES) throw new Error(`no space left on the disk of ${path}`);
  const file = join(path, "probe.tmp");
  try {
    await writeFile(file, Buffer.alloc(PROBE_BYTES), { flush: true });
  } finally {
    await rm(file, { force: true });
  }
}

async function openError(path: string, error: unknown): Promise<StorageError> {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  if (code === "LEVEL_LOCKED") {
    const pid = await lockHolder(join(path, "LOCK"));
    const holder = pid === undefined ? "another process" : pid === process.pid ? "this process" : `process ${pid}`;
    return new StorageError("STORAGE_LOCKED", `the database ${path} is in use by ${holder}`, { cause });
  }
  if (code === "LEVEL_CORRUPTION") {
    const remedy = "copy the folder to a safe place, then restore the latest backup into it";
    return new StorageError("STORAGE_CORRUPT", `the database ${path} is damaged (${reason(cause)}): ${remedy}`, {
      cause,
    });
  }
  return notWritable(path, cause);
}

function notWritable(path: string, cause: unknown): StorageError {
  const message = `the database folder ${path} cannot be created or written: ${reason(cause)}`;
  return new StorageError("STORAGE_NOT_WRITABLE", message, { cause });
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Process that holds a lock on a file, where the system tells (Linux: proc(5), /proc/locks). */
async function lockHolder(file: string): Promise<number | undefined> {
  try {
    const { ino } = await stat(file);
    for (const line of (await readFile("/proc/locks", "utf8")).split("\n")) {
      // 1: POSIX  ADVISORY  WRITE 4242 fd:01:131074 0 EOF; a holder outside our PID name space is shown as 0 or -1.
      const found = /^\d+: POSIX\s+ADVISORY\s+WRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line);
      if (found !== null && Number(found[2]) === ino && Number(found[1]) > 0) return Number(found[1]);
    }
  } catch {
    // Not Linux, or not readable: the message does without the process.
  }
  return undefined;
}
