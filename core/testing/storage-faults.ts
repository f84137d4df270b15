import type { KeyRange, RecordChange, RecordCursor, StorageDriver } from "../storage/driver.js";
import { openMemoryDriver } from "../storage/level-driver.js";
import { openStorage, type OpenStorage } from "../storage/open.js";

/**
 * Synced commits that are kept waiting; see {@link FaultyDisk.holdSyncedCommits}. Declared with `using`, after what
 * waits for the disk when it is closed, they are released also when an assertion fails in between.
 */
export interface HeldCommits extends Disposable {
  /** Resolves as soon as a commit waits here: everything that it covers has been issued and nothing of it is on disk. */
  arrived(): Promise<void>;
  /** Lets the waiting commit and all later ones through. */
  release(): void;
}

/**
 * A disk that does what disks do on bad days, for tests of what must be durable and in which order.
 *
 * ```ts
 * const disk = new FaultyDisk();
 * let storage = await disk.open();
 * using held = disk.holdSyncedCommits();
 * void storage.openStore("rooms.example", "config").set("orchard", {});
 * await held.arrived();          // nothing that waits for the disk may have happened yet
 * await disk.cutPower();         // what was not synced is gone
 * storage = await disk.open();
 * ```
 *
 * Without an argument it is made of memory, yet keeps its data when a storage on it is closed and the next one opened,
 * which makes restarts testable without a folder. As a database has one writer, a commit that waits or is slow keeps
 * all later ones waiting, unsynced ones too; reads of other data go on.
 */
export class FaultyDisk {
  readonly #records: StorageDriver;
  #connection: Connection | undefined;
  #held: Gate | undefined;
  #failure: { readonly error: Error; left: number } | undefined;
  #delay: (() => Promise<void>) | undefined;
  #applying: Promise<void> = Promise.resolve();
  /** What the records that changed since the last completed sync were before. */
  readonly #unsynced = new Map<string, RecordChange>();

  /** @param records where the data is in truth; closed by {@link FaultyDisk.close} only */
  constructor(records: StorageDriver = openMemoryDriver()) {
    this.#records = records;
  }

  /**
   * Opens the database on this disk; one at a time.
   *
   * @param now the time in milliseconds since 1970, for archive entries
   */
  async open(now?: () => number): Promise<OpenStorage> {
    if (this.#connection?.isOpen === true) throw new TypeError("a storage is still open on this disk");
    const connection = new Connection(this.#records, (connection, changes, sync) =>
      this.#commit(connection, changes, sync),
    );
    this.#connection = connection;
    return openStorage({ driver: "custom", records: connection }, now);
  }

  /** From now on synced commits wait until released; what they carry is on no disk until then. */
  holdSyncedCommits(): HeldCommits {
    const gate = new Gate();
    this.#held = gate;
    const release = (): void => {
      if (this.#held === gate) this.#held = undefined;
      gate.open();
    };
    return { arrived: () => gate.arrived, release, [Symbol.dispose]: release };
  }

  /**
   * From now on synced commits fail and leave nothing behind.
   *
   * @param times how many; all until {@link FaultyDisk.repair} if not given
   */
  failSyncedCommits(error: Error = new Error("no space left on device"), times = Infinity): void {
    this.#failure = times > 0 ? { error, left: times } : undefined;
  }

  /** From now on every commit waits for what this returns, synced or not. */
  slowCommits(delay: () => Promise<void>): void {
    this.#delay = delay;
  }

  /** Ends failing and slowness. Commits that are held stay so until released. */
  repair(): void {
    this.#failure = undefined;
    this.#delay = undefined;
  }

  /**
   * Takes back all that was written after the last completed sync, as the power going away does. A storage that was open
   * is of no use afterwards: its reads and writes fail, a commit that was held too. Open a new one.
   */
  async cutPower(): Promise<void> {
    this.#connection?.fail();
    this.#held?.open();
    this.#held = undefined;
    await this.#applying;
    await this.#records.batch([...this.#unsynced.values()], { sync: true });
    this.#unsynced.clear();
  }

  /** Throws the data away, or closes the database below. */
  close(): Promise<void> {
    return this.#records.close();
  }

  async #commit(connection: Connection, changes: readonly RecordChange[], sync: boolean): Promise<void> {
    await this.#delay?.();
    if (sync) await this.#held?.wait();
    connection.check();
    if (sync && this.#failure !== undefined) {
      const { error } = this.#failure;
      if (--this.#failure.left === 0) this.#failure = undefined;
      throw error;
    }
    const applied = this.#apply(changes, sync);
    this.#applying = applied.catch(() => undefined);
    await applied;
    connection.check();
  }

  async #apply(changes: readonly RecordChange[], sync: boolean): Promise<void> {
    for (const { key } of changes) {
      const id = key.toString("latin1");
      if (!this.#unsynced.has(id)) this.#unsynced.set(id, { key, value: await this.#records.get(key) });
    }
    await this.#records.batch(changes, { sync });
    if (sync) this.#unsynced.clear();
  }
}

/** Lets nobody through until it is opened. */
class Gate {
  readonly arrived: Promise<void>;
  open!: () => void;
  #arrive!: () => void;
  readonly #opened: Promise<void>;

  constructor() {
    this.arrived = new Promise((resolve) => {
      this.#arrive = resolve;
    });
    this.#opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  wait(): Promise<void> {
    this.#arrive();
    return this.#opened;
  }
}

/** What one open storage has of the disk. */
class Connection implements StorageDriver {
  readonly name = "faulty";
  readonly getSync?: (key: Buffer) => string | undefined;
  #state: "open" | "closed" | "failed" = "open";

  constructor(
    private readonly records: StorageDriver,
    private readonly commit: (connection: Connection, changes: readonly RecordChange[], sync: boolean) => Promise<void>,
  ) {
    const getSync = records.getSync?.bind(records);
    if (getSync === undefined) return;
    this.getSync = (key) => {
      this.check();
      return getSync(key);
    };
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  fail(): void {
    this.#state = "failed";
  }

  /** @throws Error when the power is off */
  check(): void {
    if (this.#state !== "open") throw new Error(`the disk is gone: ${this.#state}`);
  }

  async get(key: Buffer): Promise<string | undefined> {
    this.check();
    return this.records.get(key);
  }

  cursor(range: KeyRange): RecordCursor {
    this.check();
    return this.records.cursor(range);
  }

  batch(changes: readonly RecordChange[], { sync }: { readonly sync: boolean }): Promise<void> {
    return this.commit(this, changes, sync);
  }

  close(): Promise<void> {
    if (this.isOpen) this.#state = "closed";
    return Promise.resolve();
  }
}
