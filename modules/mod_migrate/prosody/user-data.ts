import {
  toCard,
  toNamed,
  toPrivate,
  toRoster,
  type Json,
  type KeyvalStore,
  type LuaTable,
  type ModuleApi,
} from "chorus-muc";
import type { Report } from "../report.js";
import type { Run } from "./run.js";
import { prepare, reasonOf, recordsOf } from "./records.js";
import { isCards } from "./stores.js";

/** What a record of a store is called. */
export const UNITS = {
  accounts: "accounts",
  roster: "rosters",
  private: "users",
  vcard: "vCards",
  vcard_muc: "vCards",
} as const;

/** How the values of a store are brought over. Each throws DataError. */
const CONVERSIONS: Readonly<Record<keyof typeof UNITS, (table: LuaTable) => Json>> = {
  accounts: toNamed,
  roster: toRoster,
  private: toPrivate,
  vcard: toCard,
  vcard_muc: toCard,
};

/** Brings one store over that has a file for each user, or room. @param isWanted why one stays behind, if it does */
export async function bringUserData(
  run: Run,
  host: string,
  module: ModuleApi,
  store: keyof typeof UNITS,
  report: Report,
  isWanted: (user: string) => string | undefined = () => undefined,
): Promise<void> {
  const source = run.source.storeName(host, store);
  const target: KeyvalStore = module.openStore(targetName(module, store));
  const counts = report.store(host, source, UNITS[store]);
  const values = prepare(await recordsOf(() => run.source.data(host, source).values(host, source), counts), counts);
  for (const [at, { user, record }] of values.entries()) {
    counts.in++;
    run.progress(counts, at, at / values.length);
    const unwanted = isWanted(user);
    if (unwanted !== undefined) {
      counts.remarks.push({ kind: "left", file: record.place, record: user, reason: unwanted });
      continue;
    }
    try {
      const converted = CONVERSIONS[store](await record.read());
      await run.write(() => [target.set(user, converted, { sync: false })]);
      counts.out++;
    } catch (error) {
      counts.remarks.push({ kind: "lost", file: record.place, record: user, reason: reasonOf(error) });
    }
  }
}

/** Under which name this Chorus keeps a store. */
export function targetName(module: ModuleApi, store: string): string {
  if (!isCards(store)) return store;
  const name = store === "vcard_muc" ? "vcard_muc" : "vcard";
  return module.getOptionString("vcard_store_name", name);
}
