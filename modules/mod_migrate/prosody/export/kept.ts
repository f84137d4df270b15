import { shapeOf, type ModuleApi } from "chorus-muc";
import type { KeptStore } from "../kept.js";
import { KEPT_STORES } from "../stores.js";
import type { NamedArchive } from "./archives.js";
import type { ExportRun, NamedTable } from "./run.js";
import { tablesOf } from "./user-data.js";

/** Gives back what was brought over of stores that nothing here reads. */
export async function exportKept(run: ExportRun, host: string, module: ModuleApi): Promise<void> {
  const list = module.openStore<KeptStore, "map">(KEPT_STORES, "map");
  for await (const [store, { values, archives }] of list.entries(null)) {
    const report = run.report.store(host, store, "records");
    if (values) await run.put(report, allTablesOf(module, store));
    if (archives) await run.putArchives(report, archivesOf(module, store));
  }
}

async function* allTablesOf(module: ModuleApi, name: string): AsyncGenerator<NamedTable> {
  const store = module.openStore(name);
  const own = await store.get(null);
  if (own !== undefined) yield { user: null, table: () => shapeOf(name).toTable(own) };
  yield* tablesOf(store, name);
}

async function* archivesOf(module: ModuleApi, name: string): AsyncGenerator<NamedArchive> {
  const store = module.openStore<never, "archive">(name, "archive");
  for await (const user of store.users()) yield { user, from: user, store };
}
