/**
 * Changes of files, all of them or none. Of several files they are written down in a LevelDB database first, and done
 * again from there after a crash.
 */
import { dirname } from "node:path";
import type { RecordChange, StorageDriver } from "../driver.js";
import { encodeKey } from "../key.js";
import { syncFolder } from "../sync-folder.js";
import { appendAtOnce, apply, applyAgain, syncFile, undo } from "./file-change.js";
import type { FileChange } from "./file-change.js";

const JOURNAL_KEY = encodeKey(["journal"]);

/** What is to become of one file. */
export interface FilePlan {
  readonly file: string;
  /** Nothing but this is to be added. */
  readonly append?: { readonly at: number; readonly text: string };
  prepare(sync: boolean): Promise<FileChange>;
  /** Remembers what the file has, once it has it. */
  commit(): Promise<void>;
}

/** Carries plans for files out, and knows what of them is not on disk yet. */
export class Journal {
  /** Files with changes that are not on disk yet. */
  readonly #unsynced = new Set<string>();
  #broken: Error | undefined;

  private constructor(private readonly state: StorageDriver) {}

  /** Does what was written down and not done. @param state the database @throws what the file system throws */
  static async open(state: StorageDriver): Promise<Journal> {
    const journal = await state.get(JOURNAL_KEY);
    if (journal !== undefined) {
      const changes = JSON.parse(journal) as FileChange[];
      for (const change of changes) await applyAgain(change);
      for (const { file } of changes) await syncFile(file);
      await state.batch([{ key: JOURNAL_KEY, value: undefined }], { sync: true });
    }
    return new Journal(state);
  }

  /** Why nothing can be told of the files any more until they are opened again. */
  get broken(): Error | undefined {
    return this.#broken;
  }

  /** @param own changes of the database itself @param sync all is on disk when it is done, earlier changes too */
  async carryOut(plans: readonly FilePlan[], own: readonly RecordChange[], sync: boolean): Promise<void> {
    if (plans.length > 1) await this.#together(plans, own, sync);
    else {
      if (own.length > 0) await this.state.batch(own, { sync: false });
      for (const plan of plans) await this.#alone(plan, sync);
      if (plans.length === 0) await this.#settle([], sync);
    }
    for (const plan of plans) await plan.commit();
  }

  /** A change of one file is whole by itself. */
  async #alone(plan: FilePlan, sync: boolean): Promise<void> {
    if (plan.append) await appendAtOnce(plan.file, plan.append.at, plan.append.text);
    else {
      const change = await plan.prepare(this.#mustSync(plan.file, sync));
      try {
        await apply(change);
      } catch (error) {
        await undo(change);
        throw error;
      }
    }
    await this.#settle([plan.file], sync);
  }

  /** All of them, or none: written down before the first is made. */
  async #together(plans: readonly FilePlan[], own: readonly RecordChange[], sync: boolean): Promise<void> {
    const prepared: FileChange[] = [];
    try {
      for (const plan of plans) prepared.push(await plan.prepare(this.#mustSync(plan.file, sync)));
      await this.state.batch([...own, { key: JOURNAL_KEY, value: JSON.stringify(prepared) }], { sync });
    } catch (error) {
      for (const change of prepared) await undo(change).catch(() => undefined); // what is left is passed over
      throw error;
    }
    try {
      for (const change of prepared) await apply(change);
      await this.#settle(
        plans.map(({ file }) => file),
        sync,
      );
      await this.state.batch([{ key: JOURNAL_KEY, value: undefined }], { sync: false });
    } catch (cause) {
      const message = "changes were written down and could not be made; they are when the database is opened again";
      this.#broken = new Error(message, { cause });
      throw this.#broken;
    }
  }

  /** What replaces a file that is on disk must not be less so. */
  #mustSync(file: string, sync: boolean): boolean {
    return sync || !this.#unsynced.has(file);
  }

  async #settle(files: readonly string[], sync: boolean): Promise<void> {
    for (const file of files) this.#unsynced.add(file);
    if (!sync) return;
    const folders = new Set<string>();
    try {
      for (const file of this.#unsynced) {
        await syncFile(file);
        folders.add(dirname(file)).add(dirname(dirname(file)));
      }
      for (const folder of folders) await syncFolder(folder);
    } catch (cause) {
      // What was written is there or is not: nobody can tell.
      this.#broken = new Error("the disk did not say that changes are on it", { cause });
      throw this.#broken;
    }
    this.#unsynced.clear();
  }
}
