import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { archived } from "./archived.js";
import { DataError } from "./data-error.js";
import { checkIndex, readList } from "./list-file.js";
import { readData, type LuaTable } from "./lua-data.js";
import { decodeName, encodeName, storeFiles } from "./names.js";
import type { ProsodyArchive, ProsodyData, ProsodyMessage, ProsodyRemark, ProsodyValue } from "./prosody-data.js";

/** Data as Prosody's driver `internal` keeps it. */
export class ProsodyFiles implements ProsodyData {
  /** @param place the data folder */
  constructor(readonly place: string) {}

  async stores(host: string): Promise<readonly string[]> {
    const files = (await namesIn(join(this.place, encodeName(host)))).filter((file) => !file.endsWith("~"));
    return [...new Set(files.map((file) => file.replace(/\.(dat|list|lidx)$/, "")))]
      .map((name) => decodeName(name) ?? name)
      .sort();
  }

  async values(host: string, store: string): Promise<readonly ProsodyValue[]> {
    const { host: own, folder } = storeFiles(this.place, host, store);
    const value = (user: string | null | undefined, place: string): ProsodyValue => ({
      user,
      place,
      read: () => readTable(place),
    });
    const users = (await filesIn(folder, ".dat")).map(({ user, path }) => value(user, path));
    return existsSync(own) ? [value(null, own), ...users] : users;
  }

  async archives(host: string, store: string): Promise<readonly ProsodyArchive[]> {
    const { folder } = storeFiles(this.place, host, store);
    return (await filesIn(folder, ".list")).map(({ user, path }) => ({
      user,
      place: path,
      messages: () => messagesIn(path),
      check: (count) => checkBeside(path, count),
    }));
  }

  /** Nothing to do: no file stays open. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Names in a folder, in order; none when there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

async function filesIn(folder: string, extension: string): Promise<{ user: string | undefined; path: string }[]> {
  return (await namesIn(folder))
    .filter((name) => name.endsWith(extension))
    .map((name) => ({ user: decodeName(name.slice(0, -extension.length)), path: join(folder, name) }));
}

async function readTable(path: string): Promise<LuaTable> {
  const value = readData(await readFile(path));
  if (value instanceof Map) return value;
  throw new DataError("PROSODY_SHAPE", "expected a table", 0);
}

async function* messagesIn(path: string): AsyncGenerator<ProsodyMessage | DataError> {
  for await (const value of readList(path)) yield value instanceof DataError ? value : archived(value);
}

async function checkBeside(path: string, count: number): Promise<ProsodyRemark | undefined> {
  const mismatch = await checkIndex(path, count);
  if (mismatch === undefined) return undefined;
  return { place: path.replace(/\.list$/, ".lidx"), reason: `${mismatch}; the list itself was read` };
}
