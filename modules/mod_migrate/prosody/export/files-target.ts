import { existsSync } from "node:fs";
import { chown, cp, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  DataError,
  encodeName,
  ListWriter,
  ProsodyFiles,
  StorageError,
  storeFiles,
  writeData,
  type ListOptions,
  type LuaTable,
  type ProsodyMessage,
} from "chorus-muc";
import type { OverPresent } from "./command-line.js";
import { dataPresent, type ExportTarget } from "./target.js";

/**
 * Prosody's data folder. The folder of each host is written aside, and takes the place of the one that is there by a
 * change of names; that one stays beside it.
 */
export class FilesTarget implements ExportTarget {
  /** Where hosts are written until they are whole. */
  #work: string | undefined;
  readonly #hosts: string[] = [];

  constructor(
    readonly place: string,
    private readonly over: OverPresent | undefined,
    private readonly options: ListOptions,
    /** Of what is kept of before. */
    private readonly stamp: string,
  ) {}

  async present(host: string): Promise<readonly string[]> {
    return new ProsodyFiles(this.place).stores(host);
  }

  begin(host: string): Promise<void> {
    return this.#writing(async () => {
      if (this.over === undefined && (await this.present(host)).length > 0) throw dataPresent(this.place, host);
      if (this.#work === undefined) {
        await mkdir(this.place, { recursive: true, mode: 0o750 });
        this.#work = await mkdtemp(join(this.place, ".export-"));
      }
      const [before, after] = [join(this.place, encodeName(host)), join(this.#work, encodeName(host))];
      this.#hosts.push(host);
      if (this.over === "merge" && existsSync(before)) {
        await cp(before, after, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      } else await mkdir(after, { mode: 0o750 });
    });
  }

  put(host: string, store: string, user: string | null, table: LuaTable): Promise<void> {
    return this.#writing(async () => {
      const { host: own, folder } = storeFiles(this.#folder, host, store);
      const file = user === null ? own : join(folder, `${encodeName(user)}.dat`);
      await mkdir(dirname(file), { recursive: true, mode: 0o750 });
      await writeFile(file, writeData(table), { mode: 0o640 });
    });
  }

  archive(host: string, store: string, user: string, messages: AsyncIterable<ProsodyMessage>): Promise<void> {
    return this.#writing(async () => {
      const { folder } = storeFiles(this.#folder, host, store);
      const list = await ListWriter.create(join(folder, `${encodeName(user)}.list`), this.options);
      try {
        for await (const message of messages) await list.append(message);
      } catch (error) {
        await list.abandon();
        throw error;
      }
      await list.finish();
    });
  }

  async writtenValues(host: string, store: string): Promise<ReadonlySet<string | null | undefined>> {
    const values = await new ProsodyFiles(this.#folder).values(host, store);
    return new Set(values.map(({ user }) => user));
  }

  async writtenMessages(host: string, store: string): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const archive of await new ProsodyFiles(this.#folder).archives(host, store)) {
      let count = 0;
      for await (const message of archive.messages()) if (!(message instanceof DataError)) count++;
      counts.set(archive.user ?? "", count);
    }
    return counts;
  }

  commit(): Promise<readonly string[]> {
    return this.#writing(async () => {
      const kept: string[] = [];
      await this.#giveToOwner();
      for (const host of this.#hosts) {
        const name = encodeName(host);
        const path = join(this.place, name);
        if (existsSync(path)) {
          const before = this.#pathBeside(path);
          await rename(path, before);
          kept.push(`what was there of ${host} is now ${before}`);
        }
        await rename(join(this.#folder, name), path);
      }
      await rmdir(this.#folder);
      this.#work = undefined;
      return kept;
    });
  }

  async abandon(): Promise<void> {
    if (this.#work !== undefined) await rm(this.#work, { recursive: true, force: true });
    this.#work = undefined;
  }

  get #folder(): string {
    if (this.#work === undefined) throw new TypeError("nothing was begun");
    return this.#work;
  }

  #pathBeside(path: string): string {
    const candidate = `${path}.before-${this.stamp}`;
    if (!existsSync(candidate)) return candidate;
    for (let n = 2; ; n++) if (!existsSync(`${candidate}-${n}`)) return `${candidate}-${n}`;
  }

  /** Prosody must be able to read what an administrator wrote: it belongs to whom the data folder belongs. */
  async #giveToOwner(): Promise<void> {
    const { uid, gid } = await stat(this.place);
    if (process.getuid?.() !== 0 || uid === 0) return;
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), uid, gid);
  }

  async #writing<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (error instanceof StorageError || error instanceof DataError) throw error;
      if (!(error instanceof Error) || !("syscall" in error)) throw error;
      throw new StorageError("STORAGE_WRITE_FAILED", `${this.place}: ${error.message}`, { cause: error });
    }
  }
}
