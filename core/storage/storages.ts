import { dirname, join } from "node:path";
import { GLOBAL, type Config, type ConfigValue } from "../config/config.js";
import { dataPath, Options } from "../config/options.js";
import type { StorageCounters } from "./database.js";
import { openStorage, type OpenStorage, type StorageOptions } from "./open.js";
import { runningProsody } from "./prosody/running.js";
import { StorageError, type Storage, type StoredRecord, type StoreType, type StoreTypes } from "./store.js";

const DRIVERS = ["level", "memory", "internal"] as const;
/** What holds stores, by the name that `storage` gives it. */
export type Driver = (typeof DRIVERS)[number];
const DEFAULT_DRIVER: Driver = "level";

function isDriver(name: unknown): name is Driver {
  return DRIVERS.some((driver) => driver === name);
}

/** The databases that a configuration's `storage` option names, and which of them each store lives in. */
export class Storages {
  readonly #config: Config;
  readonly #open: ReadonlyMap<Driver, Storage>;
  readonly #disk: OpenStorage | undefined;

  private constructor(
    config: Config,
    open: ReadonlyMap<Driver, Storage>,
    disk?: OpenStorage,
    private readonly files?: OpenStorage,
  ) {
    this.#config = config;
    this.#open = open;
    this.#disk = disk;
  }

  /**
   * Opens what the configuration names.
   * @param now the time in milliseconds since 1970, for archive entries
   * @param instead one database for everything, whatever the configuration says
   * @throws StorageError
   */
  static async open(config: Config, now: () => number, instead?: Storage): Promise<Storages> {
    const drivers = wanted(config, (finding) => config.report(finding));
    if (instead) return new Storages(config, new Map(DRIVERS.map((driver) => [driver, instead])));
    const open = new Map<Driver, OpenStorage>();
    for (const driver of drivers) {
      try {
        open.set(driver, await openStorage(optionsOf(driver, config), now));
      } catch (error) {
        for (const storage of open.values()) await storage.close();
        throw error;
      }
    }
    return new Storages(config, open, open.get("level"), open.get("internal"));
  }

  openStore<T, K extends StoreType>(host: string, name: string, type: K): StoreTypes<T>[K] {
    const options = new Options(this.#config, host);
    const driver =
      driverFor(options.getOption("storage"), name) ?? driverFor(options.getOption("default_storage"), name);
    const storage = this.#open.get(driver ?? DEFAULT_DRIVER) ?? this.#open.get(DEFAULT_DRIVER);
    if (!storage) throw new TypeError(`openStore: no database for ${host}/${name}`);
    return storage.openStore<T, K>(host, name, type);
  }

  /** What was done so far on disk; `undefined`: all is in memory. */
  get counters(): StorageCounters | undefined {
    return (this.#disk ?? this.files)?.counters;
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

function optionsOf(driver: Driver, config: Config): StorageOptions {
  const path = dataPath(config);
  switch (driver) {
    case "level":
      return { driver, path: join(path, "level") };
    case "memory":
      return { driver };
    case "internal": {
      const pid = runningProsody(config, dirname(config.file));
      // A number that stayed behind in a file may be one's own by now.
      if (pid === undefined || pid === process.pid) return { driver, path };
      const remedy = 'stop it first; if its data is elsewhere, take "pidfile" out of this configuration';
      throw new StorageError("STORAGE_LOCKED", `the data in ${path} is in use by Prosody, process ${pid}: ${remedy}`);
    }
  }
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
            message: `${option}: expected "level", "internal" or "memory", got ${JSON.stringify(name)}; "${DEFAULT_DRIVER}" is used`,
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
