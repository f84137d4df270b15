import { DataError, unescaped, type CommandIo, type Hosts, type LuaTable, type ModuleApi } from "chorus-muc";
import { ImportRun } from "../../import-run.js";
import type { StoreReport } from "../../report.js";
import { reasonOf } from "../records.js";
import type { SourceHost } from "../source.js";
import { exportArchives, type NamedArchive } from "./archives.js";
import type { ExportCall } from "./command-line.js";
import type { Destination } from "./destination.js";
import { exportKept } from "./kept.js";
import { RoomExport } from "./rooms.js";
import type { ExportTarget } from "./target.js";
import { exportUserData } from "./user-data.js";

const NOT_FOUND = "it was written, and is not there";

/** A value for Prosody. */
export interface NamedTable {
  /** `null`: of the host itself. */
  readonly user: string | null;
  /** @throws DataError when Prosody has no such value */
  table(): LuaTable;
}

/** One export to a Prosody. */
export class ExportRun extends ImportRun {
  /** Hosts of which something was written, by where. */
  readonly #begun = new Map<ExportTarget, Set<string>>();

  constructor(
    readonly destination: Destination,
    readonly nowSeconds: number,
    /** Nobody is in the rooms any more. */
    readonly isStopped: boolean,
    call: ExportCall,
    io: CommandIo,
  ) {
    super({ ...call, verb: "export" }, io);
  }

  /** Writes everything, and puts it in place. @returns what was there before, and where it is now @throws StorageError */
  async all(module: ModuleApi, hosts: Hosts): Promise<readonly string[]> {
    const { targets } = this.destination;
    try {
      for (const { name, kind } of this.destination.hosts) {
        const isAttached = hosts.get(name)?.link !== undefined;
        await this.#exportHost({ name, kind }, module.context(name), isAttached);
      }
      for (const name of this.destination.absent) {
        const reason = "that Prosody has no such host: its accounts stay where they are";
        const file = targets()[0]?.place ?? "";
        this.report.store(name, "accounts", "accounts").remarks.push({ kind: "left", file, record: name, reason });
      }
      return this.isDryRun ? [] : (await Promise.all(targets().map((target) => target.commit()))).flat();
    } catch (error) {
      for (const target of targets()) await target.abandon();
      throw error;
    }
  }

  async #exportHost({ name, kind }: SourceHost, module: ModuleApi, isAttached: boolean): Promise<void> {
    if (kind === "muc") await new RoomExport(this, name, module, isAttached).all();
    else await exportUserData(this, name, module);
    await exportKept(this, name, module);
  }

  /** Writes the values of a store. @param report counts what is written */
  async put(report: StoreReport, values: AsyncIterable<NamedTable> | Iterable<NamedTable>): Promise<void> {
    const { host, store } = report;
    const target = await this.#target(report);
    if (target === undefined) return;
    const users = new Set<string | null>();
    for await (const { user, table } of values) {
      report.in++;
      this.progress(report, report.in);
      try {
        const written = table();
        if (unescaped(written) !== undefined) throw new DataError("PROSODY_SHAPE", "Prosody has no such value", 0);
        if (!this.isDryRun) await target.put(host, store, user, written);
        users.add(user);
        report.out++;
      } catch (error) {
        report.remarks.push({ kind: "lost", file: target.place, record: user ?? undefined, reason: reasonOf(error) });
      }
    }
    if (this.isDryRun || users.size === 0) return;
    const found = await target.writtenValues(host, store);
    for (const user of users) {
      if (found.has(user)) continue;
      report.out--;
      report.remarks.push({ kind: "lost", file: target.place, record: user ?? undefined, reason: NOT_FOUND });
    }
  }

  /** Writes the archives of a store. */
  async putArchives(report: StoreReport, archives: AsyncIterable<NamedArchive>): Promise<void> {
    const target = await this.#target(report);
    if (target !== undefined) await exportArchives(this, target, report, archives);
  }

  /** Where a store goes, ready to be written; `undefined`, and said: it is kept nowhere. */
  async #target({ host, store, remarks }: StoreReport): Promise<ExportTarget | undefined> {
    const target = this.destination.target(host, store);
    if (target === undefined) {
      const reason = "Prosody's configuration says that such a store is not kept";
      remarks.push({ kind: "left", file: this.destination.targets()[0]?.place ?? "", record: store, reason });
      return undefined;
    }
    const begun = this.#begun.get(target) ?? new Set();
    this.#begun.set(target, begun);
    if (!this.isDryRun && !begun.has(host)) {
      begun.add(host);
      await target.begin(host);
    }
    return target;
  }
}
