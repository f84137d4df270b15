import { existsSync } from "node:fs";
import { opendir, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { archived } from "./archived.js";
import { DataError } from "./data-error.js";
import { checkIndex, readList } from "./list-file.js";
import { readData, type LuaTable } from "./lua-data.js";
import { decodeName, encodeName, storeFiles } from "./names.js";
import type {
  ProsodyArchive,
  ProsodyData,
  ProsodyMessage,
  ProsodyRecord,
  ProsodyRemark,
  ProsodyValue,
} from "./prosody-data.js";

/** Files that are looked at at a time. */
const AT_A_TIME = 100;

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
    const users = await recordsIn(folder, ".dat", FileValue);
    return existsSync(own) ? [new FileValue(null, dirname(own), basename(own)), ...users] : users;
  }

  async archives(host: string, store: string): Promise<readonly ProsodyArchive[]> {
    const { folder } = storeFiles(this.place, host, store);
    const archives = await recordsIn(folder, ".list", FileArchive);
    for (let at = 0; at < archives.length; at += AT_A_TIME) {
      await Promise.all(archives.slice(at, at + AT_A_TIME).map((archive) => archive.measure()));
    }
    return archives;
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

/** Something of a user in a file. There may be very many of them at a time: each keeps its names, and nothing else. */
class FileRecord implements ProsodyRecord {
  constructor(
    readonly user: string | null | undefined,
    private readonly folder: string,
    private readonly file: string,
  ) {}

  get place(): string {
    return join(this.folder, this.file);
  }
}

class FileValue extends FileRecord implements ProsodyValue {
  read(): Promise<LuaTable> {
    return readTable(this.place);
  }
}

class FileArchive extends FileRecord implements ProsodyArchive {
  /** Bytes. */
  readonly extent = { all: 0, read: 0 };

  async measure(): Promise<void> {
    this.extent.all = (await stat(this.place)).size;
  }

  messages(): AsyncIterable<ProsodyMessage | DataError> {
    return messagesIn(this.place, this.extent);
  }

  check(count: number): Promise<ProsodyRemark | undefined> {
    return checkBeside(this.place, count);
  }
}

/** A record for each file of a folder with that extension, in order of their names. */
async function recordsIn<R extends FileRecord>(
  folder: string,
  extension: string,
  record: new (...names: ConstructorParameters<typeof FileRecord>) => R,
): Promise<R[]> {
  return (await namesIn(folder))
    .filter((name) => name.endsWith(extension))
    .map((name) => new record(decodeName(name.slice(0, -extension.length)), folder, name));
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
