/**
 * What the stores are built on: ordered records, read singly or along a range, written in atomic batches.
 *
 * This is the seam between stores and what holds their data. A driver knows nothing of hosts, stores or JSON; order,
 * grouping and durability of writes are decided above it, so a wrapper that delays, fails or forgets batches behaves
 * exactly as a slow, full or unplugged disk would (`core/testing/storage-faults.ts`).
 */

/** One write: `undefined` removes the record. */
export interface RecordChange {
  readonly key: Buffer;
  readonly value: string | undefined;
}

/** Which records, in byte order of their keys. */
export interface KeyRange {
  /** First key that belongs to it. */
  readonly from: Buffer;
  /** First key past it. */
  readonly to: Buffer;
  /** From the end backwards. */
  readonly reverse?: boolean;
  /** At most so many records are read. */
  readonly limit?: number;
  /** Values are not looked at; what stands in their place is of no meaning. */
  readonly keysOnly?: boolean;
}

/** A place in a range, over a snapshot made when it was opened. */
export interface RecordCursor {
  /** `undefined` at the end. */
  next(): Promise<readonly [key: Buffer, value: string] | undefined>;
  /** Goes on at this key, or at the first after it (before it, for a reverse range). Only ever called to go further. */
  seek(key: Buffer): void;
  /** Must be called when done, also at the end and after an error. */
  close(): Promise<void>;
}

/** Ordered records. Errors are the driver's own; the stores wrap them in a `StorageError` as its cause. */
export interface StorageDriver {
  readonly name: string;
  /** A user's value in that store is always in one record: none per key is put. */
  keepsValuesWhole?(store: string): boolean;
  get(key: Buffer): Promise<string | undefined>;
  /** The same at once, where that costs no wait worth the name; may throw where it would, and `get` is asked then. */
  getSync?(key: Buffer): string | undefined;
  cursor(range: KeyRange): RecordCursor;
  /** Why this record can never be put, if so: it is refused alone, before it is part of a batch. */
  refusal?(key: Buffer): string | undefined;
  /**
   * All of it or nothing. Never called while another batch is under way.
   * @param options `sync`: resolves once this and all earlier batches are on disk
   */
  batch(changes: readonly RecordChange[], options: { readonly sync: boolean }): Promise<void>;
  /** Called once, when nothing is under way. */
  close(): Promise<void>;
}
