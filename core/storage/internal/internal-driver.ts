/**
 * Prosody's files as ordered records: those of `RecordArchiveStore` and `Table`, translated one to one.
 *
 * A value of a user is a `.dat` file, an archive a `.list` file; where an entry is, and how many there are, is an index
 * in memory. A batch that changes several files is written down in a small LevelDB database beside them first, and
 * done again from there after a crash; the same database is the lock.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { KeyRange, RecordChange, RecordCursor, StorageDriver } from "../driver.js";
import { decodeKey, encodeKey } from "../key.js";
import { openLevelDriver } from "../level-driver.js";
import { fromArchived } from "../prosody/archived.js";
import { readData } from "../prosody/lua-data.js";
import type { ProsodyMessage } from "../prosody/prosody-data.js";
import { writeData, writeItem } from "../prosody/lua-writer.js";
import { shapeOf } from "../prosody/shapes.js";
import type { Json } from "../store.js";
import { syncFolder } from "../sync-folder.js";
import { entryOf, textOf } from "./archive-record.js";
import { FileCursor } from "./file-cursor.js";
import {
  appendAtOnce,
  apply,
  applyAgain,
  isMissing,
  prepareAppend,
  prepareReplace,
  syncFile,
  undo,
} from "./file-change.js";
import type { FileChange } from "./file-change.js";
import type { ListArchive } from "./list-archive.js";
import { positionIn } from "./list-entry.js";
import { Lists, type BorrowedList } from "./lists.js";
import { fileOf, isTooLong, KINDS, type Kind, type Place } from "./places.js";
import { Recent } from "./recent.js";

/** The database beside the files, in a folder that no host has: Prosody writes a dot in another way. */
const STATE = "chorus.internal";
const JOURNAL_KEY = encodeKey(["journal"]);
const FORMAT = "format";
const EMPTY = "return {};\n";

/** What a key of a record stands for. */
interface Address extends Place {
  readonly kind: Kind;
  /** Of an archive: position, or id. */
  readonly part: string | undefined;
  readonly file: string;
}

/** What is to become of one file. */
interface FilePlan {
  readonly file: string;
  readonly append?: { readonly at: number; readonly text: string };
  prepare(sync: boolean): Promise<FileChange>;
  commit(): Promise<void>;
}

/** @throws StorageError as LevelDB's driver does */
export async function openInternalDriver(dataPath: string): Promise<StorageDriver> {
  const state = await openLevelDriver(join(dataPath, STATE));
  try {
    const journal = await state.get(JOURNAL_KEY);
    if (journal !== undefined) {
      const changes = JSON.parse(journal) as FileChange[];
      for (const change of changes) await applyAgain(change);
      for (const { file } of changes) await syncFile(file);
      await state.batch([{ key: JOURNAL_KEY, value: undefined }], { sync: true });
    }
    return new InternalDriver(dataPath, state);
  } catch (error) {
    await state.close();
    throw error;
  }
}

class InternalDriver implements StorageDriver {
  readonly name = "internal";
  readonly #lists = new Lists();
  /** Texts of values by file. */
  readonly #values = new Recent<{ readonly text: string | undefined }>();
  /** Files with changes that are not on disk yet. */
  readonly #unsynced = new Set<string>();
  /** Why nothing can be told of the files any more until they are opened again. */
  #broken: Error | undefined;

  constructor(
    private readonly dataPath: string,
    private readonly state: StorageDriver,
  ) {}

  keepsValuesWhole(): boolean {
    return true;
  }

  async get(key: Buffer): Promise<string | undefined> {
    const address = this.#address(key);
    if (address === undefined) return this.#stateOf(key);
    const { kind, part = "", file } = address;
    if (isTooLong(file)) return undefined;
    if (kind === "data") return this.#value(address);
    using borrowed = await this.#lists.borrow(file);
    const { list } = borrowed;
    if (kind === "archive-count") return list.count === 0 ? undefined : String(list.count);
    if (kind === "archive-id") {
      const entry = list.byId(part);
      return entry && positionIn(entry);
    }
    for (let entry = list.at(part); entry !== undefined; entry = list.at(part)) {
      const message = await list.read(entry);
      if (message !== undefined) return textOf(message, address);
    }
    return undefined;
  }

  /** @throws Error for what is not in memory, and takes long */
  getSync(key: Buffer): string | undefined {
    const address = this.#address(key);
    if (address === undefined) throw new Error("not at once");
    const { kind, part = "", file } = address;
    if (isTooLong(file)) return undefined;
    if (kind === "data") return this.#valueSync(address);
    const list = this.#lists.getSync(file);
    if (list === undefined || kind === "archive") throw new Error("not at once");
    if (kind === "archive-count") return list.count === 0 ? undefined : String(list.count);
    const entry = list.byId(part);
    return entry && positionIn(entry);
  }

  cursor(range: KeyRange): RecordCursor {
    return new FileCursor(this.dataPath, range, {
      borrow: (file) => this.#lists.borrow(file),
      value: (place) => this.#value({ ...place, file: fileOf(this.dataPath, "data", place) }),
    });
  }

  async batch(changes: readonly RecordChange[], { sync }: { readonly sync: boolean }): Promise<void> {
    if (this.#broken) throw this.#broken;
    const own = changes.filter(({ key }) => this.#address(key) === undefined && !isFormat(key));
    const borrowed: BorrowedList[] = [];
    try {
      const plans = await this.#plans(changes, borrowed);
      if (plans.length > 1) await this.#together(plans, own, sync);
      else {
        if (own.length > 0) await this.state.batch(own, { sync: false });
        for (const plan of plans) await this.#alone(plan, sync);
        if (plans.length === 0) await this.#settle([], sync);
      }
      for (const plan of plans) await plan.commit();
    } finally {
      for (const list of borrowed) list[Symbol.dispose]();
    }
  }

  async close(): Promise<void> {
    await this.#lists.close();
    await this.state.close();
  }

  async #stateOf(key: Buffer): Promise<string | undefined> {
    if (isFormat(key)) return "1";
    return this.state.get(key);
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

  /** Why a record cannot be put, if it cannot. */
  refusal(key: Buffer): string | undefined {
    const file = this.#address(key)?.file;
    return file !== undefined && isTooLong(file) ? `the name is too long for a file: ${file}` : undefined;
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

  async #plans(changes: readonly RecordChange[], borrowed: BorrowedList[]): Promise<FilePlan[]> {
    const lists = new Map<string, Map<string, ProsodyMessage | undefined>>();
    const plans: FilePlan[] = [];
    for (const { key, value } of changes) {
      const address = this.#address(key);
      if (address?.kind === "data") plans.push(this.#valuePlan(address, value));
      else if (address?.kind === "archive") {
        const ofList = lists.get(address.file) ?? new Map<string, ProsodyMessage | undefined>();
        lists.set(address.file, ofList.set(address.part ?? "", value === undefined ? undefined : entryOf(value)));
      }
    }
    for (const [file, ofList] of lists) {
      const lent = await this.#lists.borrow(file);
      borrowed.push(lent);
      plans.push(...(await this.#listPlan(lent.list, ofList)));
    }
    return plans;
  }

  #valuePlan({ file, store }: Address, text: string | undefined): FilePlan {
    const content = text === undefined ? EMPTY : writeData(shapeOf(store).toTable(JSON.parse(text) as Json));
    return {
      file,
      prepare: (sync) => prepareReplace(file, [content], { sync, isEmpty: text === undefined }),
      commit: () => {
        this.#values.set(file, { text }, text?.length ?? 0);
        return Promise.resolve();
      },
    };
  }

  async #listPlan(list: ListArchive, changes: ReadonlyMap<string, ProsodyMessage | undefined>): Promise<FilePlan[]> {
    const texts = [...changes].map(
      ([position, message]) => [position, message && { message, text: writeItem(fromArchived(message)) }] as const,
    );
    const plan = list.plan(new Map(texts));
    const { file } = list;
    if (plan.appended === "") return [];
    await list.checkUnchanged();
    const at = list.end;
    const append = plan.appended === undefined ? undefined : { at, text: plan.appended };
    return [
      {
        file,
        ...(append && { append }),
        prepare: (sync) =>
          append === undefined
            ? prepareReplace(file, plan.content(), { sync, isEmpty: plan.isEmpty })
            : prepareAppend(file, at, append.text, { sync }),
        commit: () => plan.commit(),
      },
    ];
  }

  async #value(place: Place & { readonly file: string }): Promise<string | undefined> {
    const known = this.#values.get(place.file);
    if (known) return known.text;
    let text: string | undefined;
    try {
      text = read(await readFile(place.file), place);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return text;
  }

  #valueSync(place: Place & { readonly file: string }): string | undefined {
    const known = this.#values.get(place.file);
    if (known) return known.text;
    let text: string | undefined;
    try {
      text = read(readFileSync(place.file), place);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    this.#values.set(place.file, { text }, text?.length ?? 0);
    return text;
  }

  #address(key: Buffer): Address | undefined {
    const [kind, host, store, user, part] = decodeKey(key);
    const known = KINDS.find((one) => one === kind);
    if (known === undefined || typeof host !== "string" || typeof store !== "string" || user === undefined) {
      return undefined;
    }
    const place = { host, store, user };
    return { kind: known, ...place, part: part ?? undefined, file: fileOf(this.dataPath, known, place) };
  }
}

function isFormat(key: Buffer): boolean {
  return decodeKey(key)[0] === FORMAT;
}

/** @throws DataError, with the file in its message */
function read(bytes: Buffer, { store, file }: Place & { readonly file: string }): string {
  try {
    const value = readData(bytes);
    if (!(value instanceof Map)) throw new Error("it holds no table");
    return JSON.stringify(shapeOf(store).fromTable(value));
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
