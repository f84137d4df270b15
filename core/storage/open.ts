import { RecordArchiveStore } from "./archive-store.js";
import { Database, type StorageCounters } from "./database.js";
import type { StorageDriver } from "./driver.js";
import { TableKeyvalPlusStore, TableKeyvalStore } from "./keyval-store.js";
import { openInternalDriver } from "./internal/internal-driver.js";
import { openLevelDriver, openMemoryDriver } from "./level-driver.js";
import { TableMapStore } from "./map-store.js";
import type { SqlOptions } from "./sql/options.js";
import { openSqlDriver } from "./sql/sql-driver.js";
import type { Storage, StoredRecord, StoreType, StoreTypes } from "./store.js";
import { Table } from "./table.js";

/** Where the data is. */
export type StorageOptions =
  /** A LevelDB database in a folder, made if it is not there; one process at a time. */
  | { readonly driver: "level"; readonly path: string }
  /** Prosody's files in its data folder; one process at a time, and no Prosody meanwhile. */
  | { readonly driver: "internal"; readonly path: string }
  /** Prosody's tables in a database; one process at a time, and no Prosody meanwhile. */
  | { readonly driver: "sql"; readonly sql: SqlOptions }
  /** In memory, gone when closed; for tests. */
  | { readonly driver: "memory" }
  /** Records held by something else; the storage closes it when it is closed itself. */
  | { readonly driver: "custom"; readonly records: StorageDriver };

/** A {@link Storage} with numbers on what it did. */
export interface OpenStorage extends Storage {
  /** The numbers of this moment. */
  readonly counters: StorageCounters;
  /**
   * Every record, in order of its key, as of the moment when the first is read: of changes that are one batch there are
   * all or none, and whatever was acknowledged before.
   */
  snapshot(): AsyncGenerator<StoredRecord>;
}

/**
 * Opens a database.
 *
 * @param now the time in milliseconds since 1970, for archive entries
 * @throws StorageError `STORAGE_LOCKED` (path, and the process that has it, where the system tells),
 *   `STORAGE_NOT_WRITABLE`, `STORAGE_CORRUPT` (what to do is in the message). The LOCK file is never removed.
 */
export async function openStorage(options: StorageOptions, now: () => number = Date.now): Promise<OpenStorage> {
  const driver = await openDriver(options);
  try {
    return new DriverStorage(driver.name, await Database.open(driver, now));
  } catch (error) {
    await driver.close();
    throw error;
  }
}

async function openDriver(options: StorageOptions): Promise<StorageDriver> {
  switch (options.driver) {
    case "level":
      return openLevelDriver(options.path);
    case "internal":
      return openInternalDriver(options.path);
    case "sql":
      return openSqlDriver(options.sql);
    case "memory":
      return openMemoryDriver();
    case "custom":
      return options.records;
  }
}

class DriverStorage implements OpenStorage {
  constructor(
    readonly driver: string,
    private readonly database: Database,
  ) {}

  get counters(): StorageCounters {
    return this.database.counters;
  }

  openStore<T, K extends StoreType = "keyval">(host: string, name: string, type?: K): StoreTypes<T>[K] {
    const makers: { [Type in StoreType]: () => StoreTypes<T>[Type] } = {
      keyval: () => new TableKeyvalStore<T>(new Table(this.database, host, name)),
      "keyval+": () => new TableKeyvalPlusStore<T>(new Table(this.database, host, name)),
      map: () => new TableMapStore<T>(new Table(this.database, host, name)),
      archive: () => new RecordArchiveStore(this.database, host, name),
    };
    return makers[type ?? ("keyval" as K)]();
  }

  snapshot(): AsyncGenerator<StoredRecord> {
    return this.database.snapshot();
  }

  idle(): Promise<void> {
    return this.database.idle();
  }

  close(): Promise<void> {
    return this.database.close();
  }
}
