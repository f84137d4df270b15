import {
  toJson,
  type Json,
  type KeyvalStore,
  type MapStore,
  type ModuleApi,
  type ProsodyData,
  type ProsodyValue,
} from "chorus-muc";
import type { StoreReport } from "../report.js";
import { ArchiveImport } from "./archives.js";
import { named, reasonOf, recordsOf } from "./records.js";
import type { Run } from "./run.js";
import { KEPT_STORES, OWN_STORES } from "./stores.js";

/** What a store that nothing here reads holds. */
export interface KeptStore {
  readonly values: boolean;
  readonly archives: boolean;
}

/** Brings a store over that nothing here reads: under its own name, as it is, so that an export gives it back. */
export class KeptImport {
  readonly #list: MapStore<KeptStore & Json>;

  constructor(
    private readonly run: Run,
    private readonly module: ModuleApi,
  ) {
    this.#list = module.openStore<KeptStore & Json, "map">(KEPT_STORES, "map");
  }

  /** @param data where that store is @param report of it */
  async bring(data: ProsodyData, report: StoreReport): Promise<void> {
    const { host, store, remarks } = report;
    const tell = (kind: "left" | "note", reason: string): void => {
      remarks.push({ kind, file: data.place, record: store, reason });
    };
    if (OWN_STORES.has(store) || (await this.#isOurs(store))) {
      return tell("left", "Chorus keeps something else under that name; it is not brought over");
    }
    const values = await recordsOf(() => data.values(host, store), report);
    const archives = await recordsOf(() => data.archives(host, store), report);
    if (values.length === 0 && archives.length === 0) {
      if (remarks.count("lost") > 0) return;
      return tell("left", "it has neither data nor archives of users; it is not brought over");
    }
    await this.run.write(() => [
      this.#list.set(null, store, { values: values.length > 0, archives: archives.length > 0 }, { sync: false }),
    ]);
    await this.#bringValues(values, report);
    if (archives.length > 0) await new ArchiveImport(this.run, data, this.module, report).bring();
    tell("note", "nothing here reads such a store; it is kept as it is");
  }

  /** Whether something is there that was not brought over. */
  async #isOurs(store: string): Promise<boolean> {
    if ((await this.#list.get(null, store)) !== undefined) return false;
    const values = this.module.openStore(store);
    for await (const _ of values.users()) return true;
    return (await values.get(null)) !== undefined;
  }

  async #bringValues(values: readonly ProsodyValue[], report: StoreReport): Promise<void> {
    const store: KeyvalStore = this.module.openStore(report.store);
    const own = values.filter(({ user }) => user === null);
    const all = [...own.map((record) => ({ user: null, record })), ...named(values, report)];
    for (const [at, { user, record }] of all.entries()) {
      report.in++;
      this.run.progress(report, at, at / all.length);
      try {
        const value = toJson(await record.read());
        await this.run.write(() => [store.set(user, value, { sync: false })]);
        report.out++;
      } catch (error) {
        report.remarks.push({ kind: "lost", file: record.place, record: user ?? undefined, reason: reasonOf(error) });
      }
    }
  }
}
