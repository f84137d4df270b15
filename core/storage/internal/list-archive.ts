import { open, stat, type FileHandle } from "node:fs/promises";
import { TIME_LENGTH } from "../archive-position.js";
import { archived } from "../prosody/archived.js";
import { DataError } from "../prosody/data-error.js";
import { readList } from "../prosody/list-file.js";
import { readItem } from "../prosody/lua-data.js";
import type { ProsodyMessage } from "../prosody/prosody-data.js";
import { isMissing } from "./file-change.js";
import { positionIn, sorted, type ListEntry } from "./list-entry.js";
import { contentOf, rewrite, type AddedMessage, type NewMessage, type Piece } from "./list-rewriting.js";
import { ReadWindow } from "./read-window.js";

/** What changes in a list: entries by their position; `undefined` removes. */
export type ListChanges = ReadonlyMap<string, NewMessage | undefined>;

/** A list as it will be. */
export interface ListPlan {
  /** Nothing but this is added at the end. */
  readonly appended: string | undefined;
  /** All of it, from the file as it is; not looked at where something is only added. */
  content(): AsyncIterable<Buffer | string>;
  readonly isEmpty: boolean;
  /** Makes it so, once the file is. */
  commit(): Promise<void>;
}

/**
 * The messages of a `.list` file by time and by id. Of each, id, time and place are in memory, not the message.
 *
 * Messages are in order of time; those of the same time are in the order of the file, which is that of adding.
 */
export class ListArchive {
  /** In order. */
  #entries: ListEntry[];
  #byId: Map<string, ListEntry>;
  /** Earlier ones with an id that a later one has; they go when the file is rewritten. */
  #superseded: readonly ListEntry[];
  #handle: Promise<FileHandle> | undefined;
  /** Where the next message goes: behind the last whole one. */
  #end: number;
  /** Bytes that the file has, if nobody else changes it. */
  #size: number;

  private constructor(
    readonly file: string,
    entries: ListEntry[],
    superseded: readonly ListEntry[],
    { end, size }: { readonly end: number; readonly size: number },
  ) {
    this.#entries = sorted(entries);
    this.#byId = new Map(entries.map((entry) => [entry.id, entry]));
    this.#superseded = superseded;
    this.#end = end;
    this.#size = size;
  }

  /** Reads a file, if there is one, piece by piece. @throws what the file system throws */
  static async load(file: string): Promise<ListArchive> {
    const byId = new Map<string, ListEntry>();
    const superseded: ListEntry[] = [];
    const size = await sizeOf(file);
    let end = 0;
    let place = 0;
    let number = 0;
    try {
      for await (const { value, offset, end: past } of readList(file)) {
        place++;
        const message = value instanceof DataError ? value : archived(value, place);
        // What breaks off at the end was never acknowledged; what is written behind it would be lost with it.
        if (value instanceof DataError && value.code === "PROSODY_TRUNCATED") continue;
        end = past;
        if (message instanceof DataError) continue;
        const { id, when } = message;
        const before = byId.get(id);
        if (before !== undefined) superseded.push(before);
        byId.set(id, { id, when, stamp: number++, offset, length: past - offset });
      }
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return new ListArchive(file, [...byId.values()], superseded, { end, size });
  }

  get count(): number {
    return this.#entries.length;
  }

  /** The time of the latest message. */
  get latest(): number | undefined {
    return this.#entries.at(-1)?.when;
  }

  byId(id: string): ListEntry | undefined {
    return this.#byId.get(id);
  }

  ids(): string[] {
    return [...this.#byId.keys()];
  }

  at(position: string): ListEntry | undefined {
    const entry = this.#entries[this.#search(position)];
    return entry !== undefined && positionIn(entry) === position ? entry : undefined;
  }

  /** The first entry behind a position. */
  after(position: string): ListEntry | undefined {
    return this.firstNotBefore((entry) => positionIn(entry) <= position);
  }

  /** The first entry that a border is not behind of. */
  firstNotBefore(isBefore: (entry: ListEntry) => boolean): ListEntry | undefined {
    return this.#entries[this.#border(isBefore)];
  }

  /** The last entry before those that a border has behind it. */
  lastBefore(isBehind: (entry: ListEntry) => boolean): ListEntry | undefined {
    return this.#entries[this.#border((entry) => !isBehind(entry)) - 1];
  }

  /** The last entry before a position. */
  before(position: string): ListEntry | undefined {
    return this.#entries[this.#search(position) - 1];
  }

  /**
   * A message. @param window what was read for the one before, which may hold it
   * @returns `undefined` when the list has changed since it had this entry: look again
   * @throws what the file system throws
   */
  async read(entry: ListEntry, window = new ReadWindow()): Promise<ProsodyMessage | undefined> {
    const handle = await this.#open();
    if (this.#byId.get(entry.id) !== entry) return undefined;
    const bytes = await window.read(handle, entry);
    const message = archived(readItem(bytes, { offset: entry.offset }).value);
    if (message instanceof DataError) throw message;
    return { ...message, id: entry.id }; // where it has none, that is its place
  }

  /** What changes make of the list. */
  plan(changes: ListChanges): ListPlan {
    const gone = new Map<ListEntry, NewMessage | undefined>();
    const added: AddedMessage[] = [];
    const moved = new Map<string, ListEntry>();
    for (const [position, change] of changes) {
      const entry = this.at(position);
      if (entry === undefined) continue;
      gone.set(entry, change);
      if (change === undefined) moved.set(position.slice(TIME_LENGTH), entry);
    }
    for (const [position, change] of changes) {
      if (change === undefined || this.at(position) !== undefined) continue;
      const stamp = position.slice(TIME_LENGTH);
      const before = moved.get(stamp);
      if (before === undefined) added.push({ stamp, ...change });
      else gone.set(before, change);
    }
    added.sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
    return gone.size === 0 ? this.#addition(added) : this.#rewriting(gone, added);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await (await handle)?.close();
  }

  #open(): Promise<FileHandle> {
    this.#handle ??= open(this.file, "r");
    return this.#handle;
  }

  /** Throws when somebody else has changed the file. @throws Error */
  async checkUnchanged(): Promise<void> {
    if ((await sizeOf(this.file)) !== this.#size)
      throw new Error(`${this.file} was changed by something else: is Prosody running?`);
  }

  get end(): number {
    return this.#end;
  }

  #addition(added: readonly AddedMessage[]): ListPlan {
    const appended = added.map(({ text }) => text).join("");
    const commit = (): Promise<void> => {
      for (const { stamp, message, text } of added) {
        this.#insert({ id: message.id, when: message.when, stamp, offset: this.#end, length: text.length });
        this.#end += text.length;
      }
      this.#size = this.#end;
      return Promise.resolve();
    };
    return { appended, content: () => this.#content([]), isEmpty: false, commit };
  }

  #rewriting(gone: ReadonlyMap<ListEntry, NewMessage | undefined>, added: readonly AddedMessage[]): ListPlan {
    const before = { entries: this.#entries, superseded: this.#superseded, end: this.#end };
    const { pieces, entries, end } = rewrite(before, gone, added);
    const commit = async (): Promise<void> => {
      this.#entries = sorted(entries);
      this.#byId = new Map(entries.map((entry) => [entry.id, entry]));
      this.#end = end;
      this.#size = end;
      this.#superseded = [];
      await this.close();
    };
    return { appended: undefined, content: () => this.#content(pieces), isEmpty: end === 0, commit };
  }

  async *#content(pieces: readonly Piece[]): AsyncGenerator<Buffer | string> {
    yield* contentOf(pieces, await this.#open(), this.file);
  }

  #insert(entry: ListEntry): void {
    const position = positionIn(entry);
    const last = this.#entries.at(-1);
    if (last === undefined || positionIn(last) < position) this.#entries.push(entry);
    else this.#entries.splice(this.#search(position), 0, entry);
    this.#byId.set(entry.id, entry);
  }

  /** Place of the first entry that is not before a position. */
  #search(position: string): number {
    return this.#border((entry) => positionIn(entry) < position);
  }

  #border(isBefore: (entry: ListEntry) => boolean): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && isBefore(entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
