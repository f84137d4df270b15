/** Store contracts (Prosody's store types). Every driver passes one conformance suite, `test/core/storage/`. */
import type { Element } from "../xmpp/element.js";

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** How a change is written. */
export interface WriteOptions {
  /**
   * `true` (default): the promise resolves once the change is on disk (fsync).
   * `"soon"`: it resolves once the operating system has it; the change is on disk at most 100 ms later.
   * `false`: the same without a promise for the disk; survives a crash of the process, not of the machine.
   */
  readonly sync?: boolean | "soon";
}

/**
 * Common rules of all stores.
 *
 * - Changes that are issued in the same synchronous turn, to any stores of one database, are one atomic batch; batches
 *   are written in the order of issue. One change that asks for `sync` syncs its whole batch.
 * - A read of something that has a change under way waits for that change.
 * - A failed write rejects with a {@link StorageError} and leaves nothing behind.
 * - `user` `null` is host-level data.
 */
export interface StoreBase {
  readonly name: string;
  readonly host: string;
}

/** One JSON value per user (Prosody: `keyval`). */
export interface KeyvalStore<T = Json> extends StoreBase {
  /** The value of a user; `undefined` when there is none. */
  get(user: string | null): Promise<T | undefined>;
  /** `undefined` removes. The value is serialised at once; later changes to the object are not seen. */
  set(user: string | null, value: T | undefined, options?: WriteOptions): Promise<void>;
  /** All users with data, in code-point order; a snapshot. */
  users(): AsyncIterable<string>;
  /** At once, where the driver can and nothing is being written: `{ value }`; else `undefined`, and `get` answers. */
  getSync?(user: string | null): { readonly value: T | undefined } | undefined;
}

/** A map of JSON values per user (Prosody: `map`). Shares its data with the `keyval` store of the same name. */
export interface MapStore<T = Json> extends StoreBase {
  /** The value of one key; `undefined` when there is none. */
  get(user: string | null, key: string): Promise<T | undefined>;
  /** Sets one key; `undefined` removes it. */
  set(user: string | null, key: string, value: T | undefined, options?: WriteOptions): Promise<void>;
  /** Several keys at once, atomically; `undefined` removes. */
  setKeys(user: string | null, values: Readonly<Record<string, T | undefined>>, options?: WriteOptions): Promise<void>;
  /** Value of one key for every user that has it. */
  getAll(key: string): Promise<Record<string, T>>;
  /** Removes one key of every user. */
  deleteAll(key: string, options?: WriteOptions): Promise<void>;
  /** Every key of one user, in code-point order, a snapshot, `after` exclusive. Reads no more than `limit` entries. */
  entries(user: string | null, range?: { after?: string; limit?: number }): AsyncIterable<[key: string, value: T]>;
}

/** Both views of the same data (Prosody 13: `keyval+`). */
export interface KeyvalPlusStore<T = Json> extends KeyvalStore<Record<string, T>> {
  /** The value of one key; `undefined` when there is none. */
  getKey(user: string | null, key: string): Promise<T | undefined>;
  /** Sets one key, the others stay; `undefined` removes it. */
  setKey(user: string | null, key: string, value: T | undefined, options?: WriteOptions): Promise<void>;
  /** Several keys at once, atomically; `undefined` removes. */
  setKeys(user: string | null, values: Readonly<Record<string, T | undefined>>, options?: WriteOptions): Promise<void>;
  /** Value of one key for every user that has it. */
  getKeyFromAll(key: string): Promise<Record<string, T>>;
  /** Removes one key of every user. */
  deleteKeyFromAll(key: string, options?: WriteOptions): Promise<void>;
}

/** What an archive is asked for. Times are unix seconds (fractions allowed), both ends inclusive; ids exclusive. */
export interface ArchiveQuery {
  /** Not before this time. */
  readonly start?: number;
  /** Not after this time. */
  readonly end?: number;
  /** Entries that were appended with this `withValue`. */
  readonly with?: string;
  /** The one entry of that id. */
  readonly key?: string;
  /** Entries of these ids. */
  readonly ids?: readonly string[];
  /** Several: the entry must be before, or after, each of them. */
  readonly before?: string | readonly string[];
  readonly after?: string | readonly string[];
  /** Most entries of the page; default: all. */
  readonly limit?: number;
  /** Newest first. */
  readonly reverse?: boolean;
  /** Count all entries that match, regardless of `limit`, `before` and `after`. */
  readonly total?: boolean;
}

/** One archived stanza. */
export interface ArchiveEntry {
  /** The key it was appended under: what `before` and `after` name. */
  readonly id: string;
  readonly stanza: Element;
  /** Unix seconds. */
  readonly when: number;
  /** What it was appended with: of rooms, `message<groupchat` or the like. */
  readonly with: string;
}

/** A page of an archive. */
export interface ArchivePage {
  /** The entries, read as they are walked over. */
  readonly items: AsyncIterable<ArchiveEntry>;
  /** How many entries match; only when the query asked for it. */
  readonly total?: number;
}

/** Stanzas in order, per user (Prosody: `archive`). A page of n entries reads about n, from either end or any id. */
export interface ArchiveStore extends StoreBase {
  /** What the driver can do. */
  readonly caps: {
    readonly total: boolean;
    readonly ids: boolean;
    readonly fullIdRange: boolean;
    readonly wildcardDelete: boolean;
  };
  /**
   * The stanza is serialised at once; later changes to it are not seen.
   * @param key `null`: the store makes one that sorts by time
   * @returns the key at once, and a promise for the write, which may be that of the entry before; an existing key is replaced and moved to the end
   */
  append(
    user: string,
    key: string | null,
    stanza: Element,
    when?: number,
    withValue?: string,
    options?: WriteOptions,
  ): { readonly id: string; readonly written: Promise<void> };
  /** `undefined` when `before` or `after` names an unknown entry. */
  find(user: string, query?: ArchiveQuery): Promise<ArchivePage | undefined>;
  /** One entry by its id; `undefined` when there is none. */
  get(user: string, key: string): Promise<ArchiveEntry | undefined>;
  /** Replaces the stanza of an entry in place; false when there is no such entry. */
  set(
    user: string,
    key: string,
    stanza: Element,
    when?: number,
    withValue?: string,
    options?: WriteOptions,
  ): Promise<boolean>;
  /** @returns how many were removed; no query: all */
  delete(user: string, query?: ArchiveQuery & { truncate?: number }, options?: WriteOptions): Promise<number>;
  /** How many entries there are of each `with`, and when the first and the last were. Unix seconds. */
  summary(
    user: string,
    query?: ArchiveQuery,
  ): Promise<Record<string, { count: number; earliest: number; latest: number }>>;
  /** All users with an archive, in code-point order. */
  users(): AsyncIterable<string>;
}

/** The store types by Prosody's names. */
export interface StoreTypes<T = Json> {
  keyval: KeyvalStore<T>;
  "keyval+": KeyvalPlusStore<T>;
  map: MapStore<T>;
  archive: ArchiveStore;
}

/** What a store can hold, by Prosody's name for it. */
export type StoreType = keyof StoreTypes;

/** A record as the database holds it: the kind of record, host, store, user and so on; and its text. */
export type StoredRecord = readonly [key: readonly (string | null)[], value: string];

/** A database: gives out stores of any host and name. */
export interface Storage {
  readonly driver: string;
  /** A store of a host, by name and type; default: `keyval`. It is there as soon as something is put in. */
  openStore<T = Json, K extends StoreType = "keyval">(host: string, name: string, type?: K): StoreTypes<T>[K];
  /** Resolves when everything issued so far is written; rejects never. */
  idle(): Promise<void>;
  /** Waits for what is under way, syncs and closes. */
  close(): Promise<void>;
}

/** Why a store could not do what it was asked. `code` is stable; `docs/errors.md` has cause and remedy of each. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  constructor(
    readonly code:
      | "STORAGE_LOCKED"
      | "STORAGE_NOT_WRITABLE"
      | "STORAGE_CORRUPT"
      | "STORAGE_WRITE_FAILED"
      | "STORAGE_READ_FAILED"
      | "STORAGE_CLOSED"
      | "STORAGE_UNREACHABLE"
      | "STORAGE_LIBRARY"
      | "STORAGE_SCHEMA"
      | "STORAGE_BACKUP_DAMAGED",
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
