import { existsSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { checkRecords } from "../backup/check-records.js";
import type { LoadedConfig } from "../config/loaded-config.js";
import { Service } from "../main.js";
import { explain } from "../modules/module-error.js";
import type { StorageDriver } from "../storage/driver.js";
import { checkFiles } from "../storage/internal/check-files.js";
import { openInternalDriver } from "../storage/internal/internal-driver.js";
import { openLevelDriver, repairLevel } from "../storage/level-driver.js";
import { openStorage } from "../storage/open.js";
import { driversOf } from "../storage/storages.js";
import { StorageError } from "../storage/store.js";
import { EXIT_USAGE, type CommandIo } from "./command.js";
import { DATA_USAGE } from "./data-usage.js";
import { databasePath, isServerRunning, pathBeside, prosodyFilesOf, putInPlace } from "./offline-data.js";
import { silentLogger } from "./stderr-logger.js";

/** Findings that are printed; the rest is counted. */
const MAX_LINES = 1000;

/**
 * What a module knows of its data beyond each record: `module.provides("data-check", { name, check })`. Run by
 * `chorusctl doctor`, with all modules loaded, on data that nobody can change meanwhile; what is written is forgotten.
 */
export interface DataCheck {
  readonly name: string;
  /** @returns what is wrong, a line each */
  check(): AsyncIterable<string>;
}

/**
 * `chorusctl doctor`: says whether the data is as it should be. With `--repair` a database that does not open is copied,
 * the copy repaired, looked at, and put in its place; what was there is kept beside it.
 *
 * @returns the exit status: 0 when nothing is wrong
 */
export async function doctor(args: readonly string[], config: LoadedConfig, io: CommandIo): Promise<number> {
  if (args.some((arg) => arg !== "--repair") || args.length > 1) {
    io.error(`usage: chorusctl ${DATA_USAGE.doctor}`);
    return EXIT_USAGE;
  }
  const database = databasePath(config);
  const files = prosodyFilesOf(config);
  const hasDatabase = files === undefined || driversOf(config).has("level");
  try {
    if (await isServerRunning(config)) throw new Error("doctor works on a server that is not running: stop it first");
    let status = 0;
    if (files !== undefined) {
      if (args.length > 0 && !hasDatabase)
        throw new Error(`${files}: files are not repaired; mend, or move away, what doctor names`);
      status = await examineFiles(files, config, !hasDatabase, io);
    }
    if (!hasDatabase) return status;
    if (!existsSync(database)) {
      io.print(`${database}: there is no data yet`);
      return status;
    }
    return (await examine(database, config, io)) || status;
  } catch (error) {
    const isDamaged = error instanceof StorageError && error.code === "STORAGE_CORRUPT";
    if (isDamaged && args.length > 0) return repair(database, config, io);
    io.error(explain(error));
    if (isDamaged) io.error("doctor --repair tries to repair a copy of it");
    return 1;
  }
}

async function repair(database: string, config: LoadedConfig, io: CommandIo): Promise<number> {
  const copy = pathBeside(database, "repaired");
  try {
    await cp(database, copy, { recursive: true });
    await repairLevel(copy);
    const status = await examine(copy, config, io);
    const kept = await putInPlace(copy, database, "damaged");
    io.print(`${database} is repaired; the damaged one is in ${String(kept)}`);
    if (status !== 0) io.print("what is listed above is wrong with it all the same; compare with the latest backup");
    return status;
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    io.error(`it cannot be repaired, restore the latest backup: ${explain(error)}`);
    return 1;
  }
}

/** @returns 0, or 1 with what is wrong printed */
async function examine(path: string, config: LoadedConfig, io: CommandIo): Promise<number> {
  const driver = await openLevelDriver(path);
  const isAll = driversOf(config).size === 1;
  try {
    return await tellAll(path, [checkRecords(driver), ...(isAll ? [checkData(driver, config)] : [])], io);
  } finally {
    await driver.close();
  }
}

/** The same of Prosody's files. @param isAll no store is anywhere else */
async function examineFiles(path: string, config: LoadedConfig, isAll: boolean, io: CommandIo): Promise<number> {
  const hosts = config.hosts.map(({ name }) => name);
  const driver = await openInternalDriver(path);
  try {
    return await tellAll(path, [checkFiles(path, hosts), ...(isAll ? [checkData(driver, config)] : [])], io);
  } finally {
    await driver.close();
  }
}

async function tellAll(path: string, checks: readonly AsyncIterable<string>[], io: CommandIo): Promise<number> {
  let found = 0;
  for (const lines of checks) for await (const line of lines) if (found++ < MAX_LINES) io.print(line);
  if (found > MAX_LINES) io.print(`and ${found - MAX_LINES} more`);
  io.print(found === 0 ? `${path}: nothing is wrong` : `${path}: ${found} things are wrong`);
  return found === 0 ? 0 : 1;
}

/** What modules find wrong with their data, where all of it is in one place. */
async function* checkData(driver: StorageDriver, config: LoadedConfig): AsyncGenerator<string> {
  const storage = await openStorage({ driver: "custom", records: readOnly(driver) });
  const service = await Service.create({ config, logger: silentLogger, storage });
  try {
    const hosts = [...service.hosts];
    for (const { published } of hosts) {
      for (const check of published.get<DataCheck>("data-check-provider")) yield* check.check();
    }
  } finally {
    await service.stop();
  }
}

/** The same records; what is written is forgotten, and who closes them does not close the database. */
function readOnly(driver: StorageDriver): StorageDriver {
  return {
    name: driver.name,
    keepsValuesWhole: (store) => driver.keepsValuesWhole?.(store) === true,
    get: (key) => driver.get(key),
    cursor: (range) => driver.cursor(range),
    batch: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
