import { DataError, type ArchiveStore, type ModuleApi, type ProsodyArchive, type ProsodyMessage } from "chorus-muc";
import type { Report, StoreReport } from "../report.js";
import { SeenIds } from "../seen-ids.js";
import type { Run } from "./run.js";
import { prepare, reasonOf, recordsOf, type Prepared } from "./records.js";

/** Messages that are written at a time. */
const BATCH = 500;

/** Brings the archives of rooms over, message by message, with their ids and times. */
export class ArchiveImport {
  readonly #store: ArchiveStore;

  constructor(
    private readonly run: Run,
    private readonly host: string,
    module: ModuleApi,
    /** Rooms that are there. */
    private readonly nodes: ReadonlySet<string>,
  ) {
    this.#store = module.openStore<never, "archive">("muc_log", "archive");
  }

  async bring(report: Report): Promise<void> {
    const counts = report.store(this.host, "muc_log", "messages");
    const archives = await recordsOf(
      () => this.run.source.data(this.host, "muc_log").archives(this.host, "muc_log"),
      counts,
    );
    for (const archive of prepare(archives, counts)) {
      try {
        await this.#bringArchive(archive, counts);
      } catch (error) {
        counts.remarks.push({ kind: "lost", file: archive.place, record: archive.user, reason: reasonOf(error) });
      }
    }
  }

  async #bringArchive(archive: Prepared<ProsodyArchive>, report: StoreReport): Promise<void> {
    const { user, place } = archive;
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
      delete message.stanza.attrs["to"]; // the room
      batch.push(message);
      if (batch.length < BATCH) continue;
      await this.#write(user, batch, report);
      batch = [];
      this.run.progress(`${this.host}: messages`, report.in);
    }
    await this.#write(user, batch, report);
    const note = (reason: string, file = place): void => {
      report.remarks.push({ kind: "note", file, record: undefined, reason });
    };
    if (unordered > 0) note(`${unordered} messages are older than one before them; the archive is in order of time`);
    if (!this.nodes.has(user)) note("there is no room for it; it is kept, and nobody can read it");
    const amiss = await archive.check(count);
    if (amiss) note(amiss.reason, amiss.place);
    await this.#verify(user, place, seen.size, report);
  }

  async #write(user: string, entries: readonly ProsodyMessage[], report: StoreReport): Promise<void> {
    await this.run.write(() =>
      // What is there already under its id is replaced: after an interruption all is simply done again.
      entries.map(
        ({ id, stanza, when, with: kind }) => this.#store.append(user, id, stanza, when, kind, { sync: false }).written,
      ),
    );
    report.out += entries.length;
  }

  async #verify(user: string, file: string, expected: number, report: StoreReport): Promise<void> {
    if (this.run.isDryRun) return;
    const page = await this.#store.find(user, { total: true, limit: 0 });
    const total = page?.total ?? 0;
    if (total >= expected) return;
    report.out -= expected - total;
    const reason = `${expected} messages were written, and the archive has ${total}`;
    report.remarks.push({ kind: "lost", file, record: user, reason });
  }
}
