import { dirname, join } from "node:path";
import { GLOBAL, type Config, type ConfigValue } from "../config/config.js";
import { dataPath, Options } from "../config/options.js";
import type { StorageCounters } from "./database.js";
import { openStorage, type OpenStorage, type StorageOptions } from "./open.js";
import { runningProsody } from "./prosody/running.js";
import { describeSql, readSqlOptions } from "./sql/options.js";
import { StorageError, type Storage, type StoredRecord, type StoreType, type StoreTypes } from "./store.js";

const DRIVERS = ["level", "memory", "internal", "sql"] as const;
/** What holds stores, by the name that `storage` gives it. */
export type Driver = (typeof DRIVERS)[number];
const DEFAULT_DRIVER: Driver = "level";

function isDriver(name: unknown): name is Driver {
  return DRIVERS.some((driver) => driver === name);
}

/** The databases that a configuration's `storage` option names, and which of them each store lives in. */
export class Storages {
  readonly #config: Config;
  /** By {@link keyOf}. */
  readonly #open: ReadonlyMap<string, Storage>;
  readonly #disk: OpenStorage | undefined;
  readonly #instead: Storage | undefined;

  private constructor(
    config: Config,
    open: ReadonlyMap<string, Storage>,
    disk?: OpenStorage,
    instead?: Storage,
    /** One that is shared with Prosody: its numbers are told where there is no other. */
    private readonly shared?: OpenStorage,
  ) {
    this.#config = config;
    this.#open = open;
    this.#disk = disk;
    this.#instead = instead;
  }

  /**
   * Opens what the configuration names.
   * @param now the time in milliseconds since 1970, for archive entries
   * @param instead one database for everything, whatever the configuration says
   * @throws StorageError
   */
  static async open(config: Config, now: () => number, instead?: Storage): Promise<Storages> {
    const drivers = wanted(config, (finding) => config.report(finding));
    if (instead) return new Storages(config, new Map([["", instead]]), undefined, instead);
    const open = new Map<string, OpenStorage>();
    try {
      for (const driver of drivers) {
        for (const host of driver === "sql" ? hostsOfSql(config) : [GLOBAL]) {
          const key = keyOf(config, host, driver);
          if (!open.has(key)) open.set(key, await openStorage(optionsOf(driver, config, host), now));
        }
      }
    } catch (error) {
      for (const storage of open.values()) await storage.close();
      throw error;
    }
    const shared = [...open].find(([key]) => key !== "level" && key !== "memory")?.[1];
    return new Storages(config, open, open.get("level"), undefined, shared);
  }

  openStore<T, K extends StoreType>(host: string, name: string, type: K): StoreTypes<T>[K] {
    const options = new Options(this.#config, host);
    const driver =
      driverFor(options.getOption("storage"), name) ?? driverFor(options.getOption("default_storage"), name);
    const storage = this.#instead ?? this.#open.get(keyOf(this.#config, host, driver ?? DEFAULT_DRIVER));
    if (!storage) throw new TypeError(`openStore: no database for ${host}/${name}`);
    return storage.openStore<T, K>(host, name, type);
  }

  /** What was done so far on disk; `undefined`: all is in memory. */
  get counters(): StorageCounters | undefined {
    return (this.#disk ?? this.shared)?.counters;
  }

  /** What is in the database on disk, as of this moment (see {@link OpenStorage.snapshot}); `undefined`: there is none. */
  snapshot(): AsyncGenerator<StoredRecord> | undefined {
    return this.#disk?.snapshot();
  }

  /** Resolves when everything issued so far is written. */
  async idle(): Promise<void> {
    for (const storage of this.#open.values()) await storage.idle();
  }

  async close(): Promise<void> {
    for (const storage of new Set(this.#open.values())) await storage.close();
  }
}

/** @throws StorageError when a Prosody runs there, or the configuration does not say rightly where that is */
function optionsOf(driver: Driver, config: Config, host: string): StorageOptions {
  const path = dataPath(config);
  switch (driver) {
    case "level":
      return { driver, path: join(path, "level") };
    case "memory":
      return { driver };
    case "internal":
      refuseProsody(config, path);
      return { driver, path };
    case "sql": {
      const sql = readSqlOptions(config.get(host, "sql"), path);
      // What is meant for a database that cannot be understood must not be put elsewhere.
      if (typeof sql === "string") throw new StorageError("STORAGE_UNREACHABLE", `${config.file}: sql: ${sql}`);
      refuseProsody(config, describeSql(sql));
      return { driver, sql };
    }
  }
}

function refuseProsody(config: Config, place: string): void {
  const pid = runningProsody(config, dirname(config.file));
  // A number that stayed behind in a file may be one's own by now.
  if (pid === undefined || pid === process.pid) return;
  const remedy = 'stop it first; if its data is elsewhere, take "pidfile" out of this configuration';
  throw new StorageError("STORAGE_LOCKED", `the data in ${place} is in use by Prosody, process ${pid}: ${remedy}`);
}

/** Which database a driver has for a host: of `sql` there may be several. */
function keyOf(config: Config, host: string, driver: Driver): string {
  return driver === "sql" ? JSON.stringify(readSqlOptions(config.get(host, "sql"), dataPath(config))) : driver;
}

/** Hosts with stores in a database. */
function hostsOfSql(config: Config): string[] {
  const options = ["storage", "default_storage"];
  return [GLOBAL, ...config.hosts.map(({ name }) => name)].filter((host) =>
    options.some((option) => namesIn(config.get(host, option)).includes("sql")),
  );
}

/** The drivers of which a configuration has stores. */
export function driversOf(config: Config): ReadonlySet<Driver> {
  return wanted(config, () => undefined);
}

/** Driver of one store: `storage` is a name for all of them, or a table by store. */
function driverFor(value: unknown, store: string): Driver | undefined {
  if (isDriver(value)) return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const own = (value as Record<string, unknown>)[store];
  return isDriver(own) ? own : undefined;
}

/** Drivers named anywhere, the default among them; a name that is none is told to the operator. */
function wanted(config: Config, report: Config["report"]): Set<Driver> {
  const drivers = new Set<Driver>();
  for (const host of [GLOBAL, ...config.hosts.map(({ name }) => name)]) {
    for (const option of ["storage", "default_storage"]) {
      const value = config.getOwn(host, option);
      for (const name of namesIn(value)) {
        if (isDriver(name)) drivers.add(name);
        else {
          report({
            severity: "warning",
            position: config.positionOf(host, option),
            message: `${option}: expected "level", "internal", "sql" or "memory", got ${JSON.stringify(name)}; "${DEFAULT_DRIVER}" is used`,
          });
        }
      }
    }
  }
  // With one plain name in the global section nothing else is ever asked for.
  const only = config.getOwn(GLOBAL, "storage");
  if (!(drivers.size === 1 && isDriver(only))) drivers.add(DEFAULT_DRIVER);
  return drivers;
}

function namesIn(value: ConfigValue | undefined): unknown[] {
  if (value === undefined) return [];
  return typeof value === "object" && !Array.isArray(value) ? Object.values(value) : [value];
}
