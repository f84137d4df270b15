/** What commands that put a database in the place of another have in common. */
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GLOBAL, type Config } from "../config/config.js";
import { dataPath, Options } from "../config/options.js";
import { openLevelDriver } from "../storage/level-driver.js";
import { StorageError } from "../storage/store.js";
import { syncFolder } from "../storage/sync-folder.js";
import { driversOf } from "../storage/storages.js";
import { connectAdminSocket } from "./admin-client.js";
import { adminSocketPath } from "./admin-protocol.js";

/** Folder of the database. */
export function databasePath(config: Config): string {
  return join(dataPath(config), "level");
}

/** Folder in which stores are files of Prosody's; `undefined`: no store is one (`storage = "internal"`). */
export function prosodyFilesOf(config: Config): string | undefined {
  return driversOf(config).has("internal") ? dataPath(config) : undefined;
}

/** A path beside that of the database, which is not there yet. */
export function pathBeside(database: string, what: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "");
  const path = `${database}.${what}-${stamp}Z`;
  for (let n = 2; ; n++) {
    const candidate = n === 2 ? path : `${path}-${n}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/** Whether a server that uses this configuration answers. */
export async function isServerRunning(config: Config): Promise<boolean> {
  const client = await connectAdminSocket(adminSocketPath(new Options(config, GLOBAL)));
  client?.close();
  return client !== undefined;
}

/**
 * Makes sure that no process uses a database.
 * @throws StorageError `STORAGE_LOCKED`; other errors of it are no obstacle
 */
export async function checkUnlocked(database: string): Promise<void> {
  if (!existsSync(database)) return;
  try {
    await (await openLevelDriver(database)).close();
  } catch (error) {
    // LevelDB locks the folder before it looks at anything else: it is damaged, and nobody's.
    if (!(error instanceof StorageError) || error.code !== "STORAGE_CORRUPT") throw error;
  }
}

/** Puts a folder in the database's place, and what was there beside it. @returns where that is */
export async function putInPlace(fresh: string, database: string, what: string): Promise<string | undefined> {
  const kept = existsSync(database) ? pathBeside(database, what) : undefined;
  if (kept !== undefined) await rename(database, kept);
  await rename(fresh, database);
  await syncFolder(dirname(database));
  return kept;
}
