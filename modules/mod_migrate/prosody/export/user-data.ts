import { DataError, shapeOf, type KeyvalStore, type LuaTable, type ModuleApi } from "chorus-muc";
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

/** The values of a store, each only where Prosody can use it. @param check throws DataError where it cannot */
async function* usable(
  values: AsyncIterable<NamedTable>,
  check: (table: LuaTable) => void,
): AsyncGenerator<NamedTable> {
  for await (const { user, table } of values) {
    yield {
      user,
      table: () => {
        const made = table();
        check(made);
        return made;
      },
    };
  }
}

/** Prosody has a salt of text, and keys of SHA-1 or SHA-256; accounts that came from ejabberd may have others. */
function checkAccount(account: LuaTable): void {
  if (account.has("password")) return;
  const reason = account.has("salt_base64") ? "its salt is not text" : "its keys are of a hash that Prosody has not";
  const hasKeys = [...account.keys()].some((key) => typeof key === "string" && key.startsWith("stored_key"));
  if (!account.has("salt_base64") && (!hasKeys || account.has("stored_key"))) return;
  throw new DataError("PROSODY_SHAPE", `${reason}: make the account anew in Prosody, or set its password here`, 0);
}

/** Writes accounts and what belongs to them. */
export async function exportUserData(run: ExportRun, host: string, module: ModuleApi): Promise<void> {
  for (const store of STORES.accounts) {
    const report = run.report.store(host, run.destination.storeName(host, store), UNITS[store]);
    const tables = tablesOf(module.openStore(targetName(module, store)), store);
    await run.put(report, store === "accounts" ? usable(tables, checkAccount) : tables);
  }
}
