/**
 * Prosody's files as ordered records: those of `RecordArchiveStore` and `Table`, translated one to one.
 *
 * A value of a user is a `.dat` file, an archive a `.list` file; where an entry is, and how many there are, is an index
 * in memory. A batch that changes several files is written down in a small LevelDB database beside them first, and
 * done again from there after a crash; the same database is the lock.
 */
import { join } from "node:path";
import type { KeyRange, RecordChange, RecordCursor, StorageDriver } from "../driver.js";
import { decodeKey } from "../key.js";
import { openLevelDriver } from "../level-driver.js";
import { fromArchived } from "../prosody/archived.js";
import type { ProsodyMessage } from "../prosody/prosody-data.js";
import { writeItem } from "../prosody/lua-writer.js";
import { entryOf, textOf } from "./archive-record.js";
import { prepareAppend, prepareReplace } from "./file-change.js";
import { FileCursor } from "./file-cursor.js";
import { Journal, type FilePlan } from "./journal.js";
import type { ListArchive } from "./list-archive.js";
import { positionIn } from "./list-entry.js";
import { Lists, type BorrowedList } from "./lists.js";
import { fileOf, isTooLong, KINDS, type Kind, type Place } from "./places.js";
import { Values } from "./values.js";

/** The database beside the files, in a folder that no host has: Prosody writes a dot in another way. */
const STATE = "chorus.internal";
const FORMAT = "format";

/** What a key of a record stands for. */
interface Address extends Place {
  readonly kind: Kind;
  /** Of an archive: position, or id. */
  readonly part: string | undefined;
  readonly file: string;
}

/** @throws StorageError as LevelDB's driver does */
export async function openInternalDriver(dataPath: string): Promise<StorageDriver> {
  const state = await openLevelDriver(join(dataPath, STATE));
  try {
    return new InternalDriver(dataPath, state, await Journal.open(state));
  } catch (error) {
    await state.close();
    throw error;
  }
}

class InternalDriver implements StorageDriver {
  readonly name = "internal";
  readonly #lists = new Lists();
  readonly #values = new Values();

  constructor(
    private readonly dataPath: string,
    private readonly state: StorageDriver,
    private readonly journal: Journal,
  ) {}

  keepsValuesWhole(): boolean {
    return true;
  }

  async get(key: Buffer): Promise<string | undefined> {
    const address = this.#address(key);
    if (address === undefined) return this.#stateOf(key);
    const { kind, part = "", file } = address;
    if (isTooLong(file)) return undefined;
    if (kind === "data") return this.#values.get(address);
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
    if (kind === "data") return this.#values.getSync(address);
    const list = this.#lists.getSync(file);
    if (list === undefined || kind === "archive") throw new Error("not at once");
    if (kind === "archive-count") return list.count === 0 ? undefined : String(list.count);
    const entry = list.byId(part);
    return entry && positionIn(entry);
  }

  cursor(range: KeyRange): RecordCursor {
    return new FileCursor(this.dataPath, range, {
      borrow: (file) => this.#lists.borrow(file),
      value: (place) => this.#values.get({ ...place, file: fileOf(this.dataPath, "data", place) }),
    });
  }

  async batch(changes: readonly RecordChange[], { sync }: { readonly sync: boolean }): Promise<void> {
    if (this.journal.broken) throw this.journal.broken;
    const own = changes.filter(({ key }) => this.#address(key) === undefined && !isFormat(key));
    const borrowed: BorrowedList[] = [];
    try {
      await this.journal.carryOut(await this.#plans(changes, borrowed), own, sync);
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

  /** Why a record cannot be put, if it cannot. */
  refusal(key: Buffer): string | undefined {
    const file = this.#address(key)?.file;
    return file !== undefined && isTooLong(file) ? `the name is too long for a file: ${file}` : undefined;
  }

  async #plans(changes: readonly RecordChange[], borrowed: BorrowedList[]): Promise<FilePlan[]> {
    const lists = new Map<string, Map<string, ProsodyMessage | undefined>>();
    const plans: FilePlan[] = [];
    for (const { key, value } of changes) {
      const address = this.#address(key);
      if (address?.kind === "data") plans.push(this.#values.plan(address, value));
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
