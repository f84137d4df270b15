import type { CommandIo, Hosts, ModuleApi } from "chorus-muc";
import { ImportRun } from "../import-run.js";
import type { Report } from "../report.js";
import { ArchiveImport } from "./archives.js";
import type { ImportCall } from "./command-line.js";
import { RoomImport } from "./rooms.js";
import { KeptImport } from "./kept.js";
import type { Source, SourceHost } from "./source.js";
import { STORES } from "./stores.js";
import { bringUserData } from "./user-data.js";

/** One import from a Prosody. */
export class Run extends ImportRun {
  constructor(
    readonly source: Source,
    readonly nowSeconds: number,
    call: ImportCall,
    io: CommandIo,
  ) {
    super(call, io);
  }

  /** Brings everything over. @param hosts those of this Chorus @throws StorageError when it cannot be written */
  async all(module: ModuleApi, hosts: Hosts): Promise<void> {
    const { report } = this;
    for (const host of this.source.hosts) {
      const target = hosts.get(host.name);
      if (target === undefined) {
        report.store(host.name, "accounts", "accounts").remarks.push({
          kind: "left",
          file: this.source.config.file,
          record: host.name,
          reason: "this Chorus has no such host: its accounts stay where they are",
        });
        continue;
      }
      await this.#bringHost(host, module.context(host.name), target.link !== undefined, report);
      await this.#keepOthers(host, module.context(host.name), report);
    }
    for (const name of this.source.others) {
      report.store(name, "data", "records").remarks.push({
        kind: "left",
        file: this.source.config.file,
        record: name,
        reason: "it is a component without rooms: what it has stays where it is",
      });
    }
  }

  async #bringHost({ name, kind }: SourceHost, module: ModuleApi, isAttached: boolean, report: Report): Promise<void> {
    if (kind === "accounts") {
      for (const store of STORES.accounts) await bringUserData(this, name, module, store, report);
      return;
    }
    const rooms = new RoomImport(this, name, module, isAttached);
    await rooms.bring(report);
    const data = this.source.data(name, "muc_log");
    await new ArchiveImport(this, data, module, report.store(name, "muc_log", "messages"), rooms.nodes).bring();
    await bringUserData(this, name, module, "vcard_muc", report, (node) =>
      rooms.nodes.has(node) ? undefined : "its room is not brought over",
    );
    await rooms.list();
  }

  /** Stores that nothing here reads. */
  async #keepOthers({ name, kind }: SourceHost, module: ModuleApi, report: Report): Promise<void> {
    const known = new Set<string>(STORES[kind].map((store) => this.source.storeName(name, store)));
    const kept = new KeptImport(this, module);
    for (const data of this.source.places(name)) {
      for (const store of await data.stores(name)) {
        if (!known.has(store)) await kept.bring(data, report.store(name, store, "records"));
      }
    }
  }
}
