import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { fromArchived } from "./archived.js";
import { syncFolder } from "../sync-folder.js";
import type { LuaTable } from "./lua-data.js";
import { writeData, writeItem } from "./lua-writer.js";
import { indexFileOf } from "./list-file.js";
import type { ProsodyMessage } from "./prosody-data.js";

/** Text that is collected before it is written. */
const CHUNK = 256 * 1024;

/** What Prosody writes to before it puts it in place; it reads no such file. */
export function scratchOf(file: string): string {
  return `${file}~`;
}

/** Folders that are there only now. @param mode as Prosody makes them */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
}

/** Writes a whole `.dat` file, or leaves what is there. @throws what the file system throws */
export async function writeDataFile(file: string, table: LuaTable): Promise<void> {
  await makeFolder(dirname(file));
  const scratch = scratchOf(file);
  try {
    const handle = await open(scratch, "w", 0o640);
    try {
      await handle.writeFile(writeData(table));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(scratch, file);
  } catch (error) {
    await rm(scratch, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** How messages are written. */
export interface ListOptions {
  /** Whole seconds only, for Prosody 0.12, which cannot read others; milliseconds are kept in the stamp. */
  readonly floor?: boolean;
}

/** Writes a `.list` file message by message; it takes the place of what is there when it is whole. */
export class ListWriter {
  #text = "";
  /** Messages so far. */
  count = 0;

  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
    private readonly options: ListOptions,
  ) {}

  /** @throws what the file system throws */
  static async create(file: string, options: ListOptions = {}): Promise<ListWriter> {
    await makeFolder(dirname(file));
    return new ListWriter(file, await open(scratchOf(file), "w", 0o640), options);
  }

  /** @throws what the file system throws */
  async append(message: ProsodyMessage): Promise<void> {
    this.#text += writeItem(fromArchived(message, this.options.floor));
    this.count++;
    if (this.#text.length >= CHUNK) await this.#flush();
  }

  /** Puts the file in its place; without a message there is none. @throws what the file system throws */
  async finish(): Promise<void> {
    await this.#flush();
    await this.handle.sync();
    await this.handle.close();
    await rm(indexFileOf(this.file), { force: true });
    if (this.count > 0) await rename(scratchOf(this.file), this.file);
    else {
      await rm(scratchOf(this.file));
      await rm(this.file, { force: true });
    }
    await syncFolder(dirname(this.file));
  }

  /** Leaves what is there as it is. */
  async abandon(): Promise<void> {
    await this.handle.close();
    await rm(scratchOf(this.file), { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    await this.handle.writeFile(text);
  }
}
