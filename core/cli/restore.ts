import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readBackup } from "../backup/backup.js";
import type { Config } from "../config/config.js";
import { explain } from "../modules/module-error.js";
import { driversOf } from "../storage/storages.js";
import { EXIT_USAGE, type CommandIo } from "./command.js";
import { DATA_USAGE } from "./data-usage.js";
import {
  checkUnlocked,
  databasePath,
  isServerRunning,
  pathBeside,
  prosodyFilesOf,
  putInPlace,
} from "./offline-data.js";

/**
 * `chorusctl restore`: puts a backup in the place of the data. The whole of it is checked first, then written to a new
 * database, and that compared with it; only then it takes the place of the present one, which is kept beside it.
 *
 * @returns the exit status
 */
export async function restore(args: readonly string[], config: Config, io: CommandIo): Promise<number> {
  const words = args.filter((arg) => arg !== "--force");
  const [file, tooMany] = words;
  if (file === undefined || tooMany !== undefined || file.startsWith("-")) {
    io.error(`usage: chorusctl ${DATA_USAGE.restore}`);
    return EXIT_USAGE;
  }
  const database = databasePath(config);
  try {
    const files = prosodyFilesOf(config);
    if (files !== undefined && !driversOf(config).has("level")) {
      throw new Error(`storage = "internal": the data is the files in ${files}, of which a copy is put back as files`);
    }
    if (await isServerRunning(config)) throw new Error("restore works on a server that is not running: stop it first");
    const isThere = existsSync(database) && readdirSync(database).length > 0;
    if (isThere && !args.includes("--force")) {
      throw new Error(`there is data in ${database}: --force puts the backup in its place, and keeps it beside`);
    }
    await checkUnlocked(database);
    mkdirSync(dirname(database), { recursive: true, mode: 0o750 });
    const fresh = pathBeside(database, "unfinished");
    const { records, created } = await readBackup(resolve(file), fresh);
    const kept = await putInPlace(fresh, database, "before-restore");
    io.print(`${database}: ${records} records, as of ${created}`);
    if (kept !== undefined) io.print(`what was there is in ${kept}`);
    return 0;
  } catch (error) {
    io.error(`nothing is restored: ${explain(error)}`);
    return 1;
  }
}
