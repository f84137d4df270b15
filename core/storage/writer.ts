import type { KeyRange, RecordChange, StorageDriver } from "./driver.js";
import { StorageError, type WriteOptions } from "./store.js";

/** How long an unsynced batch waits for a sync that somebody asked for "soon"; leaves time for the sync itself. */
const SYNC_SOON_MS = 80;

/** A name for some data, from the whole to the part: store, user, key. Changes and reads of overlapping data meet in it. */
export type DataPath = readonly string[];

/** Work of one batch: sees what earlier batches and earlier changes of this one made, and adds to it. */
export interface Transaction {
  get(key: Buffer): string | undefined | Promise<string | undefined>;
  /** Records of a range in order, over a snapshot of this moment; `reverse` and `limit` do not count here. */
  entries(range: KeyRange): AsyncIterable<readonly [key: Buffer, value: string]>;
  /** `undefined` removes. */
  put(key: Buffer, value: string | undefined): void;
}

/** What one change does when its batch is made. May look before it writes; must not wait for anything but reads. */
export type Change<R> = (transaction: Transaction) => R | Promise<R>;

/**
 * The one writer of a database: no two batches are under way at once, so that no older save can win over a newer one.
 *
 * Changes collect until the event loop has finished the turn that issued the first of them; what was issued in one turn
 * is therefore always in one batch. What arrives while a batch is being written is the next one. A batch is synced if
 * any of its changes asked for it. If a batch fails, all its changes are rejected, nothing of it is on disk, and the
 * writer goes on with the next.
 */
export class Writer {
  /** Batches written so far, and how many of them were synced. */
  readonly counters = { batches: 0, syncedBatches: 0 };
  #collecting: Batch | undefined;
  #running: Batch | undefined;
  #closed = false;

  #dirty = false;
  #syncSoon: NodeJS.Timeout | undefined;

  /** @param marker a record to write when only a sync is wanted */
  constructor(
    private readonly driver: StorageDriver,
    private readonly marker: RecordChange,
  ) {}

  /** Whether a batch was written that no later one has synced. */
  get isDirty(): boolean {
    return this.#dirty;
  }

  /**
   * Puts a change into the batch that collects.
   *
   * @returns what the change returned, once its batch is written
   * @throws StorageError (rejects) `STORAGE_WRITE_FAILED`, `STORAGE_CLOSED`
   */
  issue<R>(path: DataPath, change: Change<R>, sync: WriteOptions["sync"]): Promise<R> {
    if (this.#closed) return Promise.reject(closedError());
    const batch = (this.#collecting ??= new Batch());
    batch.sync ||= sync === true;
    batch.syncSoon ||= sync === "soon";
    this.#schedule();
    return new Promise<R>((resolve, reject) => {
      batch.changes.push(new IssuedChange(path, change, resolve, reject));
    });
  }

  /**
   * Whether a change is the latest that was issued, and its batch still collects: what it is to do beside, as its
   * issuer finds out in the meantime, is then done where a change issued now would do it.
   */
  mayGrow(change: Change<unknown>): boolean {
    return this.#collecting?.changes.at(-1)?.change === change;
  }

  /** A promise for the end, good or bad, of all changes under way that touch the data; `undefined` when there is none. */
  pending(path: DataPath): Promise<void> | undefined {
    if (this.#collecting?.touches(path) === true) return this.#collecting.ended;
    return this.#running?.touches(path) === true ? this.#running.ended : undefined;
  }

  /** Resolves when everything issued so far is written or has failed. */
  async idle(): Promise<void> {
    await (this.#collecting ?? this.#running)?.ended;
  }

  /** Refuses changes from now on and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSync();
    await this.idle();
    this.#cancelSync();
  }

  #schedule(): void {
    const batch = this.#collecting;
    if (batch === undefined || batch.isScheduled || this.#running !== undefined) return;
    batch.isScheduled = true;
    setImmediate(() => void this.#run(batch)); // never rejects
  }

  async #run(batch: Batch): Promise<void> {
    this.#collecting = undefined;
    this.#running = batch;
    let failure: StorageError | undefined;
    try {
      await this.#write(batch);
    } catch (cause) {
      failure = writeError(cause);
    }
    this.#running = undefined;
    for (const change of batch.changes) {
      if (failure === undefined) change.written();
      else change.failed(failure);
    }
    batch.end();
    this.#schedule();
  }

  async #write(batch: Batch): Promise<void> {
    const transaction = new Overlay(this.driver);
    for (const change of batch.changes) {
      const waiting = change.prepare(transaction);
      if (waiting !== undefined) await waiting;
    }
    const changes = transaction.changes();
    if (changes.length === 0) return;
    await this.driver.batch(changes, { sync: batch.sync });
    this.counters.batches++;
    if (batch.sync) this.counters.syncedBatches++;
    this.#dirty = !batch.sync;
    if (batch.sync) this.#cancelSync();
    else if (batch.syncSoon) this.#planSync();
  }

  #planSync(): void {
    this.#syncSoon ??= setTimeout(() => {
      this.#syncSoon = undefined;
      if (!this.#dirty || this.#closed) return;
      // A disk that refuses tells whoever waits for it; what waits for nothing is tried again.
      this.issue(["sync"], (transaction) => transaction.put(this.marker.key, this.marker.value), true).catch(() =>
        this.#planSync(),
      );
    }, SYNC_SOON_MS).unref();
  }

  #cancelSync(): void {
    clearTimeout(this.#syncSoon);
    this.#syncSoon = undefined;
  }
}

/** The error of whatever is asked of a database that was closed. */
export function closedError(): StorageError {
  return new StorageError("STORAGE_CLOSED", "the database is closed");
}

function writeError(cause: unknown): StorageError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StorageError("STORAGE_WRITE_FAILED", `nothing of this change was written: ${message}`, { cause });
}

/** Lengths are part of it, so that no name can be mistaken for two. */
function pathKey(path: DataPath, length: number): string {
  let key = "";
  for (let at = 0; at < length; at++) key += `${path[at]?.length ?? 0}:${path[at] ?? ""}`;
  return key;
}

/** A change in its batch. */
interface Issued {
  readonly path: DataPath;
  readonly change: Change<unknown>;
  /** Lets it do what it does. @returns a promise when it has to be waited for */
  prepare(transaction: Transaction): Promise<void> | undefined;
  written(): void;
  failed(error: StorageError): void;
}

class IssuedChange<R> implements Issued {
  #result: R | undefined;

  constructor(
    readonly path: DataPath,
    readonly change: Change<R>,
    private readonly resolve: (result: R) => void,
    readonly failed: (error: StorageError) => void,
  ) {}

  prepare(transaction: Transaction): Promise<void> | undefined {
    const returned = this.change(transaction);
    if (returned instanceof Promise) return this.#await(returned);
    this.#result = returned;
    return undefined;
  }

  async #await(returned: Promise<R>): Promise<void> {
    this.#result = await returned;
  }

  written(): void {
    this.resolve(this.#result as R);
  }
}

class Batch {
  readonly changes: Issued[] = [];
  readonly ended: Promise<void>;
  end!: () => void;
  sync = false;
  syncSoon = false;
  isScheduled = false;
  /** What changes exactly, and what has changes at it or below; of the first `#indexed` changes. */
  readonly #at = new Set<string>();
  readonly #below = new Set<string>();
  #indexed = 0;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Whether a change is about the data, a part of it, or something that it is part of. */
  touches(path: DataPath): boolean {
    // Found out when somebody reads while something is written, which is rare.
    for (; this.#indexed < this.changes.length; this.#indexed++) this.#index(this.changes[this.#indexed]?.path ?? []);
    if (this.#below.has(pathKey(path, path.length))) return true;
    for (let length = 1; length <= path.length; length++) if (this.#at.has(pathKey(path, length))) return true;
    return false;
  }

  #index(path: DataPath): void {
    for (let length = 1; length <= path.length; length++) this.#below.add(pathKey(path, length));
    this.#at.add(pathKey(path, path.length));
  }
}

/** The driver's records with this batch's changes laid over them. */
class Overlay implements Transaction {
  readonly #changes = new Map<string, RecordChange>();

  constructor(private readonly driver: StorageDriver) {}

  changes(): RecordChange[] {
    return [...this.#changes.values()];
  }

  get(key: Buffer): string | undefined | Promise<string | undefined> {
    const change = this.#changes.get(key.toString("latin1"));
    if (change !== undefined) return change.value;
    if (this.driver.getSync === undefined) return this.driver.get(key);
    try {
      return this.driver.getSync(key);
    } catch {
      return this.driver.get(key);
    }
  }

  async *entries({ from, to }: KeyRange): AsyncGenerator<readonly [Buffer, string]> {
    const changed = [...this.#changes.values()]
      .filter(({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0)
      .sort((a, b) => Buffer.compare(a.key, b.key));
    let next = 0;
    const cursor = this.driver.cursor({ from, to });
    try {
      for (let stored = await cursor.next(); stored !== undefined; stored = await cursor.next()) {
        for (let change = changed[next]; change !== undefined; change = changed[next]) {
          const order = Buffer.compare(change.key, stored[0]);
          if (order > 0) break;
          next++;
          if (order === 0) stored = undefined;
          if (change.value !== undefined) yield [change.key, change.value];
          if (stored === undefined) break;
        }
        if (stored !== undefined) yield stored;
      }
    } finally {
      await cursor.close();
    }
    for (const { key, value } of changed.slice(next)) if (value !== undefined) yield [key, value];
  }

  put(key: Buffer, value: string | undefined): void {
    this.#changes.set(key.toString("latin1"), { key, value });
  }
}
