import { existsSync } from "node:fs";
import { opendir, readdir, readFile, stat } from "node:fs/promises";
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
    const folder = join(this.place, encodeName(host));
    const stores = new Set<string>();
    for (const file of await namesIn(folder)) {
      // Prosody leaves the folder of a store that it has emptied.
      if (file.endsWith("~") || (await isEmptyFolder(join(folder, file)))) continue;
      const name = file.replace(/\.(dat|list|lidx)$/, "");
      stores.add(decodeName(name) ?? name);
    }
    return [...stores].sort();
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
    return Promise.all(
      (await filesIn(folder, ".list")).map(async ({ user, path }) => {
        const extent = { all: (await stat(path)).size, read: 0 };
        return {
          user,
          place: path,
          extent,
          messages: () => messagesIn(path, extent),
          check: (count: number) => checkBeside(path, count),
        };
      }),
    );
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

async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    const folder = await opendir(path);
    try {
      return (await folder.read()) === null;
    } finally {
      await folder.close();
    }
  } catch {
    return false; // a file; or, as will be told where it is read, something that cannot be
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

async function* messagesIn(path: string, extent: { read: number }): AsyncGenerator<ProsodyMessage | DataError> {
  extent.read = 0;
  let place = 0;
  const records = readList(path, (bytes) => (extent.read += bytes));
  for await (const { value } of records) {
    place++;
    yield value instanceof DataError ? value : archived(value, place);
  }
}

async function checkBeside(path: string, count: number): Promise<ProsodyRemark | undefined> {
  const mismatch = await checkIndex(path, count);
  if (mismatch === undefined) return undefined;
  return { place: path.replace(/\.list$/, ".lidx"), reason: `${mismatch}; the list itself was read` };
}
