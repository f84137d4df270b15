import { shapeOf, type KeyvalStore, type ModuleApi } from "chorus-muc";
import { STORES } from "../stores.js";
import { targetName, UNITS } from "../user-data.js";
import type { ExportRun, NamedTable } from "./run.js";

/** The values of a store, in Prosody's shape. @param shape the store whose shape they have */
export async function* tablesOf(store: KeyvalStore, shape: string): AsyncGenerator<NamedTable> {
  const { toTable } = shapeOf(shape);
  for await (const user of store.users()) {
    const value = await store.get(user);
    if (value !== undefined) yield { user, table: () => toTable(value) };
  }
}

/** Writes accounts and what belongs to them. */
export async function exportUserData(run: ExportRun, host: string, module: ModuleApi): Promise<void> {
  for (const store of STORES.accounts) {
    const report = run.report.store(host, run.destination.storeName(host, store), UNITS[store]);
    await run.put(report, tablesOf(module.openStore(targetName(module, store)), store));
  }
}
