import type { Database } from "./database.js";
import type { WriteOptions } from "./store.js";
import type { Change, DataPath, Transaction } from "./writer.js";

/** What was appended to one archive in one go. */
interface Appended<E> {
  readonly user: string;
  readonly sync: WriteOptions["sync"];
  readonly entries: E[];
  readonly change: Change<undefined>;
  readonly written: Promise<undefined>;
}

/**
 * Appends entries to archives. Those that come to one archive one after the other are one change with one promise, as
 * long as their batch collects: in a busy room many messages are on their way at the same time.
 */
export class ArchiveAppends<E> {
  #latest: Appended<E> | undefined;

  /** @param write does what it takes to add the entries to the archive of a user, in order */
  constructor(
    private readonly database: Database,
    private readonly write: (
      transaction: Transaction,
      user: string,
      entries: readonly E[],
    ) => undefined | Promise<undefined>,
  ) {}

  /** @param path the data of that user's archive */
  add(path: DataPath, user: string, entry: E, sync: WriteOptions["sync"]): Promise<undefined> {
    const latest = this.#latest;
    if (latest?.user === user && latest.sync === sync && this.database.mayGrow(latest.change)) {
      latest.entries.push(entry);
      return latest.written;
    }
    const entries = [entry];
    const change = (transaction: Transaction): undefined | Promise<undefined> => this.write(transaction, user, entries);
    const written = this.database.issue(path, change, sync);
    written.catch(() => undefined); // who does not look at it must not bring the process down
    this.#latest = { user, sync, entries, change, written };
    return written;
  }
}
