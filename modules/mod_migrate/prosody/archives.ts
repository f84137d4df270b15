import {
  DataError,
  type ArchiveStore,
  type ModuleApi,
  type ProsodyArchive,
  type ProsodyData,
  type ProsodyMessage,
} from "chorus-muc";
import type { StoreReport } from "../report.js";
import { SeenIds } from "../seen-ids.js";
import type { Run } from "./run.js";
import { named, prepare, reasonOf, recordsOf } from "./records.js";

/** Messages that are written at a time. */
const BATCH = 500;

/** Brings the archives of a store over, stanza by stanza, with their ids and times. */
export class ArchiveImport {
  readonly #store: ArchiveStore;
  /** How much there is of all of them, and of those that are done. */
  readonly #extent = { all: 0, done: 0 };

  constructor(
    private readonly run: Run,
    private readonly data: ProsodyData,
    module: ModuleApi,
    private readonly report: StoreReport,
    /** Rooms that are there; `undefined`: these are not archives of rooms, and stay in every way as they are. */
    private readonly rooms?: ReadonlySet<string>,
  ) {
    this.#store = module.openStore<never, "archive">(report.store, "archive");
  }

  async bring(): Promise<void> {
    const { report, rooms } = this;
    const { host, store } = report;
    const found = await recordsOf(() => this.data.archives(host, store), report);
    const archives = rooms ? prepare(found, report) : named(found, report);
    this.#extent.all = archives.reduce((sum, { record }) => sum + (record.extent?.all ?? 0), 0);
    for (const { user, record: archive } of archives) {
      try {
        await this.#bringArchive(user, archive);
      } catch (error) {
        report.remarks.push({ kind: "lost", file: archive.place, record: user, reason: reasonOf(error) });
      }
      this.#extent.done += archive.extent?.all ?? 0;
    }
  }

  async #bringArchive(user: string, archive: ProsodyArchive): Promise<void> {
    const { report, rooms } = this;
    const { place } = archive;
    const seen = new SeenIds();
    let count = 0;
    let latest = -Infinity;
    let unordered = 0;
    let batch: ProsodyMessage[] = [];
    const lose = (reason: string): void => {
      report.remarks.push({ kind: "lost", file: place, record: `record ${count}`, reason });
    };
    for await (const message of archive.messages()) {
      count++;
      report.in++;
      if (message instanceof DataError) {
        lose(reasonOf(message));
        continue;
      }
      if (!seen.add(message.id)) {
        lose(`there is a message with the id ${message.id} before it, and an archive has each id once`);
        continue;
      }
      if (message.when < latest) unordered++;
      latest = Math.max(latest, message.when);
      if (rooms) delete message.stanza.attrs["to"]; // the room
      batch.push(message);
      if (batch.length < BATCH) continue;
      await this.#write(user, batch);
      batch = [];
      this.#tell(archive);
    }
    await this.#write(user, batch);
    const note = (reason: string, file = place): void => {
      report.remarks.push({ kind: "note", file, record: undefined, reason });
    };
    if (unordered > 0) note(`${unordered} messages are older than one before them; the archive is in order of time`);
    if (rooms?.has(user) === false) note("there is no room for it; it is kept, and nobody can read it");
    const amiss = await archive.check(count);
    if (amiss) note(amiss.reason, amiss.place);
    await this.#verify(user, place, seen.size);
  }

  #tell({ extent }: ProsodyArchive): void {
    const { all, done } = this.#extent;
    const fraction = extent && all > 0 ? (done + extent.read) / all : undefined;
    this.run.progress(this.report, this.report.in, fraction);
  }

  async #write(user: string, entries: readonly ProsodyMessage[]): Promise<void> {
    await this.run.write(() =>
      // What is there already under its id is replaced: after an interruption all is simply done again.
      entries.map(
        ({ id, stanza, when, with: kind }) => this.#store.append(user, id, stanza, when, kind, { sync: false }).written,
      ),
    );
    this.report.out += entries.length;
  }

  async #verify(user: string, file: string, expected: number): Promise<void> {
    const { run, report } = this;
    if (run.isDryRun) return;
    const page = await this.#store.find(user, { total: true, limit: 0 });
    const total = page?.total ?? 0;
    if (total >= expected) return;
    report.out -= expected - total;
    const reason = `${expected} messages were written, and the archive has ${total}`;
    report.remarks.push({ kind: "lost", file, record: user, reason });
  }
}
