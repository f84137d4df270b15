import { archiveIds, type ArchiveId } from "./archive-id.js";
import type { KeyRange, RecordCursor, StorageDriver } from "./driver.js";
import { decodeKey, encodeKey, pastKey } from "./key.js";
import { StorageError, type StoredRecord, type WriteOptions } from "./store.js";
import { Writer, closedError, type Change, type DataPath, type Transaction } from "./writer.js";

/**
 * Version of the layout of records; a database of a later one is not touched, one of an earlier one is read as it is.
 * 2: an archive's entry that is where its id says has no record that tells.
 */
export const LAYOUT = 2;
const FORMAT_KEY = encodeKey(["format"]);
/** Written again when there is nothing else to write with a sync: LevelDB syncs no empty batch. */
const FORMAT_RECORD = { key: FORMAT_KEY, value: String(LAYOUT) };
const EVERYTHING: KeyRange = { from: Buffer.alloc(0), to: Buffer.of(0xff) };
const SPREAD = "spread";
const LAST_ARCHIVE_ID_KEY = encodeKey(["last-archive-id"]);

/** Numbers that tests and `chorusctl` look at. */
export interface StorageCounters {
  /** Batches written. */
  readonly batches: number;
  /** Those of them that were synced. */
  readonly syncedBatches: number;
  /** Records read by stores, singly or along a range. */
  readonly reads: number;
}

/** What the stores of one database share: its driver, its writer, and what is known of each store's layout. */
export class Database {
  readonly #writer: Writer;
  /** Stores, by the key of their record here, that may hold records per key; `true` once that is on disk. */
  readonly #spread = new Map<string, boolean>();
  #reads = 0;
  #closing: Promise<void> | undefined;

  /** Names for archive entries, in the order of making whatever the clock does, over restarts too. */
  readonly nextArchiveId: () => ArchiveId;

  private constructor(
    private readonly driver: StorageDriver,
    nextArchiveId: () => ArchiveId,
  ) {
    this.#writer = new Writer(driver, FORMAT_RECORD);
    this.nextArchiveId = nextArchiveId;
  }

  /** Reads what must be known before any store is opened, and marks a new database as ours. */
  static async open(driver: StorageDriver, now: () => number): Promise<Database> {
    const format = await driver.get(FORMAT_KEY);
    if (format !== undefined && !(Number(format) <= LAYOUT)) {
      const message = `the database was written by another version of Chorus (layout ${format}, this one knows ${LAYOUT})`;
      throw new StorageError("STORAGE_CORRUPT", `${message}: use that version, or restore a backup`);
    }
    if (format !== FORMAT_RECORD.value) await driver.batch([FORMAT_RECORD], { sync: true });
    const database = new Database(driver, archiveIds(now, Number((await driver.get(LAST_ARCHIVE_ID_KEY)) ?? 0)));
    const layouts = encodeKey(["layout"]);
    const cursor = driver.cursor({ from: layouts, to: pastKey(layouts) });
    try {
      for (let record = await cursor.next(); record !== undefined; record = await cursor.next()) {
        const [, host, name] = decodeKey(record[0]);
        database.#spread.set(layoutKey(host ?? "", name ?? "").toString("latin1"), true);
      }
    } finally {
      await cursor.close();
    }
    return database;
  }

  get counters(): StorageCounters {
    return { ...this.#writer.counters, reads: this.#reads };
  }

  /** Why nothing can ever be stored there, if so. */
  refusal(key: Buffer): StorageError | undefined {
    const reason = this.driver.refusal?.(key);
    return reason === undefined ? undefined : new StorageError("STORAGE_WRITE_FAILED", reason);
  }

  /** See {@link Writer.issue}. */
  issue<R>(path: DataPath, change: Change<R>, sync: WriteOptions["sync"] = true): Promise<R> {
    return this.#writer.issue(path, change, sync);
  }

  /** See {@link Writer.mayGrow}. */
  mayGrow(change: Change<unknown>): boolean {
    return this.#writer.mayGrow(change);
  }

  /** Waits for the changes under way that touch the data. */
  async settled(path: DataPath): Promise<void> {
    await this.#writer.pending(path);
    if (this.#closing !== undefined) throw closedError();
  }

  /** The record, after the changes under way. */
  async get(path: DataPath, key: Buffer): Promise<string | undefined> {
    await this.settled(path);
    this.#reads++;
    try {
      return await this.driver.get(key);
    } catch (cause) {
      throw readError(cause);
    }
  }

  /** The record at once, if the driver can and no change to it is under way. */
  getSync(path: DataPath, key: Buffer): { readonly value: string | undefined } | undefined {
    if (this.driver.getSync === undefined || this.#closing !== undefined) return undefined;
    if (this.#writer.pending(path) !== undefined) return undefined;
    this.#reads++;
    try {
      return { value: this.driver.getSync(key) };
    } catch {
      return undefined; // `get` waits, or says why not
    }
  }

  /** The records of a range, after the changes under way; give the cursor back with `close`. */
  async cursor(path: DataPath, range: KeyRange): Promise<RecordCursor> {
    await this.settled(path);
    try {
      const cursor = this.driver.cursor(range);
      return {
        next: async () => {
          try {
            const record = await cursor.next();
            if (record !== undefined) this.#reads++;
            return record;
          } catch (cause) {
            throw readError(cause);
          }
        },
        seek: (key) => cursor.seek(key),
        close: () => cursor.close(),
      };
    } catch (cause) {
      throw readError(cause);
    }
  }

  /** The records of a range, closing the cursor behind itself. */
  async *records(path: DataPath, range: KeyRange): AsyncGenerator<readonly [key: Buffer, value: string]> {
    const cursor = await this.cursor(path, range);
    try {
      for (let record = await cursor.next(); record !== undefined; record = await cursor.next()) yield record;
    } finally {
      await cursor.close();
    }
  }

  /** See `OpenStorage.snapshot`. */
  snapshot(): AsyncGenerator<StoredRecord> {
    return recordsIn(() => {
      if (this.#closing !== undefined) throw closedError();
      return this.driver.cursor(EVERYTHING);
    });
  }

  /** Whether that store never holds one record per key. */
  keepsValuesWhole(name: string): boolean {
    return this.driver.keepsValuesWhole?.(name) === true;
  }

  /** Whether a store may hold one record per key, beside those that hold a user's whole value. */
  isSpread(host: string, name: string): boolean {
    return this.#spread.has(layoutKey(host, name).toString("latin1"));
  }

  /** Like `issue`, for a change that leaves records per key in a store that may have none yet. */
  issueSpread<R>(
    host: string,
    name: string,
    path: DataPath,
    change: Change<R>,
    sync: WriteOptions["sync"] = true,
  ): Promise<R> {
    const key = layoutKey(host, name);
    const id = key.toString("latin1");
    if (this.#spread.get(id) === true) return this.issue(path, change, sync);
    this.#spread.set(id, false);
    const marked: Change<R> = (transaction) => {
      transaction.put(key, SPREAD);
      return change(transaction);
    };
    return this.issue(path, marked, sync).then((result) => {
      this.#spread.set(id, true);
      return result;
    });
  }

  /** Keeps the time of an id, so that those made after a restart come after it. */
  rememberArchiveId(transaction: Transaction, { ms }: ArchiveId): void {
    transaction.put(LAST_ARCHIVE_ID_KEY, String(ms));
  }

  idle(): Promise<void> {
    return this.#writer.idle();
  }

  /** Waits for what is under way, syncs what is not yet, and closes the driver. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    try {
      if (this.#writer.isDirty) await this.driver.batch([FORMAT_RECORD], { sync: true });
    } catch (cause) {
      throw new StorageError("STORAGE_WRITE_FAILED", "the last changes may not be on disk", { cause });
    } finally {
      await this.driver.close();
    }
  }
}

/** Opened when it is read, so that nobody has to close what nobody reads. */
async function* recordsIn(open: () => RecordCursor): AsyncGenerator<StoredRecord> {
  const cursor = open();
  try {
    for (let record = await cursor.next(); record !== undefined; record = await cursor.next()) {
      yield [decodeKey(record[0]), record[1]];
    }
  } catch (cause) {
    throw readError(cause);
  } finally {
    await cursor.close();
  }
}

function layoutKey(host: string, name: string): Buffer {
  return encodeKey(["layout", host, name]);
}

function readError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StorageError("STORAGE_READ_FAILED", `the database cannot be read: ${message}`, { cause });
}
