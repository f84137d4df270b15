import { parseDateTime, type ArchiveStore, type Element, type ModuleApi } from "chorus-muc";
import { DataError } from "./data-error.js";
import { checkIndex, readList } from "./list-file.js";
import type { LuaValue } from "./lua-data.js";
import type { Report, StoreReport } from "./report.js";
import type { Run } from "./run.js";
import { SeenIds } from "./seen-ids.js";
import { toElement } from "./stanza.js";
import { reasonOf, userFiles, type UserFile } from "./user-files.js";

/** Messages that are written at a time. */
const BATCH = 500;

interface Entry {
  readonly id: string;
  readonly stanza: Element;
  readonly when: number;
  readonly with: string;
}

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
    for (const file of await userFiles(this.run.source.dataPath, this.host, "muc_log", ".list", counts)) {
      try {
        await this.#bringFile(file, counts);
      } catch (error) {
        counts.remarks.push({ kind: "lost", file: file.path, record: file.user, reason: reasonOf(error) });
      }
    }
  }

  async #bringFile({ user, path }: UserFile, report: StoreReport): Promise<void> {
    const seen = new SeenIds();
    let records = 0;
    let latest = -Infinity;
    let unordered = 0;
    let batch: Entry[] = [];
    for await (const { number, value } of readList(path)) {
      records++;
      report.in++;
      try {
        const entry = toEntry(value);
        if (!seen.add(entry.id)) {
          const reason = `there is a message with the id ${entry.id} before it, and an archive has each id once`;
          report.remarks.push({ kind: "lost", file: path, record: `record ${number}`, reason });
          continue;
        }
        if (entry.when < latest) unordered++;
        latest = Math.max(latest, entry.when);
        batch.push(entry);
      } catch (error) {
        report.remarks.push({ kind: "lost", file: path, record: `record ${number}`, reason: reasonOf(error) });
      }
      if (batch.length < BATCH) continue;
      await this.#write(user, batch, report);
      batch = [];
      this.run.progress(`${this.host}: messages`, report.in);
    }
    await this.#write(user, batch, report);
    const note = (reason: string, file = path): void => {
      report.remarks.push({ kind: "note", file, record: undefined, reason });
    };
    if (unordered > 0) note(`${unordered} messages are older than one before them; the archive is in order of time`);
    if (!this.nodes.has(user)) note("there is no room for it; it is kept, and nobody can read it");
    const mismatch = await checkIndex(path, records);
    if (mismatch !== undefined) note(`${mismatch}; the list itself was read`, path.replace(/\.list$/, ".lidx"));
    await this.#verify(user, path, seen.size, report);
  }

  async #write(user: string, entries: readonly Entry[], report: StoreReport): Promise<void> {
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

/** @throws DataError */
function toEntry(value: LuaValue | DataError): Entry {
  if (value instanceof DataError) throw value;
  const stanza = toElement(value);
  const { stamp } = stanza.attrs as Record<string, string | undefined>;
  delete stanza.attrs["stamp"];
  delete stanza.attrs["stamp_legacy"];
  delete stanza.attrs["to"]; // the room
  const table = value instanceof Map ? value : new Map<never, never>();
  const [id, time, kind] = ["key", "when", "with"].map((key) => table.get(key));
  const when = typeof time === "number" ? time : stamp === undefined ? undefined : parseDateTime(stamp);
  if (typeof id !== "string" || id === "") throw new DataError("PROSODY_SHAPE", "the message has no id", 0);
  if (when === undefined || !Number.isFinite(when)) throw new DataError("PROSODY_SHAPE", "the message has no time", 0);
  return { id, stanza, when, with: typeof kind === "string" ? kind : "" };
}
