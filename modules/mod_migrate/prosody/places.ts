import {
  openSql,
  ProsodyFiles,
  ProsodySql,
  readSqlOptions,
  StorageError,
  type Config,
  type ConfigValue,
  type ProsodyData,
} from "chorus-muc";

/** Where a Prosody keeps its stores, as its configuration says. */
export interface Places {
  /** Where a store of a host is. */
  readonly data: (host: string, store: string) => ProsodyData;
  /** Everywhere that a host has stores. */
  readonly of: (host: string) => readonly ProsodyData[];
  readonly close: () => Promise<void>;
}

/** A place for what is kept nowhere. */
const NOWHERE: ProsodyData = {
  place: "nowhere",
  stores: () => Promise.resolve([]),
  values: () => Promise.resolve([]),
  archives: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

/** Drivers of Prosody's that keep nothing. */
const NOTHING_KEPT: ReadonlySet<string> = new Set(["none", "null"]);

/**
 * Opens the files and databases that hosts have stores in.
 * @param stores of a host, by the names that they have there
 * @param folder the data folder; or why there is none, where one is needed
 * @returns why they cannot be read, a line each
 */
export async function openPlaces(
  config: Config,
  stores: ReadonlyMap<string, readonly string[]>,
  folder: string | { readonly problem: string },
): Promise<Places | readonly string[]> {
  const problems = new Set<string>();
  const open = new Map<string, ProsodyData>();
  const opened = async (key: string, make: () => ProsodyData | Promise<ProsodyData>): Promise<void> => {
    if (!open.has(key)) open.set(key, await make());
  };
  for (const [host, names] of stores) {
    for (const [driver, own] of byDriver(config, host, names)) {
      if (NOTHING_KEPT.has(driver)) continue;
      const source = sourceOf(config, host, driver, folder);
      if ("reason" in source) problems.add(`${host}: storage "${driver}" (${own.join(", ")}): ${source.reason}`);
      else if ("problem" in source) problems.add(source.problem);
      else {
        try {
          await opened(source.key, source.open);
          await open.get(source.key)?.stores(host); // what cannot be read must not be taken for empty
        } catch (error) {
          if (error instanceof StorageError) problems.add(error.message);
          else
            problems.add(
              `the data of ${host} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
            );
        }
      }
    }
  }
  const close = async (): Promise<void> => {
    for (const data of open.values()) await data.close();
  };
  if (problems.size > 0) {
    await close();
    return [...problems];
  }
  const at = (host: string, driver: string): ProsodyData => {
    if (NOTHING_KEPT.has(driver)) return NOWHERE;
    const source = sourceOf(config, host, driver, folder);
    return ("key" in source ? open.get(source.key) : undefined) ?? NOWHERE;
  };
  return {
    data: (host, store) => at(host, driverOf(config, host, store)),
    of: (host) => [
      ...new Set([...byDriver(config, host, stores.get(host) ?? []).keys()].map((driver) => at(host, driver))),
    ],
    close,
  };
}

type Opening =
  | { readonly key: string; open(): ProsodyData | Promise<ProsodyData> }
  /** What is wrong with the folder of all. */
  | { readonly problem: string }
  /** Why the driver cannot be read. */
  | { readonly reason: string };

function sourceOf(
  config: Config,
  host: string,
  driver: string,
  folder: string | { readonly problem: string },
): Opening {
  if (driver === "internal") {
    return typeof folder === "string" ? { key: "", open: () => new ProsodyFiles(folder) } : folder;
  }
  if (driver === "memory") {
    return { reason: "what Prosody keeps in memory is gone when it stops, and there is nothing to read" };
  }
  if (driver !== "sql") return { reason: "only files (internal) and databases (sql) can be read" };
  const options = readSqlOptions(config.get(host, "sql"), typeof folder === "string" ? folder : ".");
  if (typeof options === "string") return { reason: `sql: ${options}` };
  if (options.driver === "SQLite3" && typeof folder === "object") return folder;
  return { key: JSON.stringify(options), open: async () => ProsodySql.open(await openSql(options)) };
}

/** Stores of a host by the driver that they are kept by. */
function byDriver(config: Config, host: string, stores: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const store of stores) {
    const driver = driverOf(config, host, store);
    found.set(driver, [...(found.get(driver) ?? []), store]);
  }
  return found;
}

/** The driver of one store: `storage` is a name for all of them, or a table by store. */
export function driverOf(config: Config, host: string, store: string): string {
  const chosen = choiceIn(config.get(host, "storage"), store);
  return chosen ?? choiceIn(config.get(host, "default_storage"), store) ?? "internal";
}

function choiceIn(value: ConfigValue | undefined, store: string): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  const own = value[store];
  return typeof own === "string" ? own : undefined;
}
