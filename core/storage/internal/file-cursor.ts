import type { KeyRange, RecordCursor } from "../driver.js";
import { decodeKey, encodeKey, extendKey } from "../key.js";
import { textOf } from "./archive-record.js";
import type { ListArchive } from "./list-archive.js";
import { positionIn, type ListEntry } from "./list-entry.js";
import type { BorrowedList } from "./lists.js";
import { ReadWindow } from "./read-window.js";
import { fileOf, KINDS, overlaps, placesIn, type Kind, type Place } from "./places.js";

/** What a cursor reads from. */
export interface FileSource {
  borrow(file: string): Promise<BorrowedList>;
  /** @returns `undefined` when there is none any more */
  value(place: Place): Promise<string | undefined>;
}

/** A record whose value is read when it is wanted; `undefined`: it is gone meanwhile. */
interface Found {
  readonly key: Buffer;
  read(): Promise<string | undefined>;
}

/** Goes over the files of a range. Which users there are is seen at the start, what each has when it comes to them. */
export class FileCursor implements RecordCursor {
  readonly #found: AsyncGenerator<Found>;
  #left: number;
  #sought: Buffer | undefined;

  constructor(
    private readonly dataPath: string,
    private readonly range: KeyRange,
    private readonly source: FileSource,
  ) {
    this.#left = range.limit === undefined || range.limit < 0 ? Infinity : range.limit;
    this.#found = this.#all();
  }

  async next(): Promise<readonly [key: Buffer, value: string] | undefined> {
    while (this.#left > 0) {
      const { value: found } = (await this.#found.next()) as IteratorResult<Found, undefined>;
      if (found === undefined) return undefined;
      if (this.#isPassed(found.key)) continue;
      const value = this.range.keysOnly === true ? "" : await found.read();
      if (value === undefined) continue;
      this.#left--;
      return [found.key, value];
    }
    return undefined;
  }

  seek(key: Buffer): void {
    this.#sought = key;
  }

  async close(): Promise<void> {
    await this.#found.return(undefined);
  }

  #isPassed(key: Buffer): boolean {
    if (this.#sought === undefined) return false;
    const order = Buffer.compare(key, this.#sought);
    return this.range.reverse === true ? order > 0 : order < 0;
  }

  async *#all(): AsyncGenerator<Found> {
    for (const kind of this.range.reverse === true ? KINDS.toReversed() : KINDS) {
      for await (const place of this.#places(kind)) {
        const prefix = encodeKey([kind, place.host, place.store, place.user]);
        if (kind === "archive") yield* this.#messages(place, prefix);
        else if (kind === "archive-id") yield* this.#ids(place, prefix);
        else if (kind === "data") yield { key: prefix, read: () => this.source.value(place) };
        else yield { key: prefix, read: () => this.#count(place) };
      }
    }
  }

  /** One archive is looked at without looking which others there are. */
  #places(kind: Kind): AsyncIterable<Place> {
    const { range } = this;
    if (kind === "archive" && overlaps(range, encodeKey([kind]))) {
      try {
        const [, host, store, user] = decodeKey(range.from.subarray(0, endOfPlace(range.from)));
        if (typeof host === "string" && typeof store === "string" && typeof user === "string") {
          const prefix = encodeKey([kind, host, store, user]);
          const past = Buffer.concat([prefix, Buffer.of(0x03)]);
          if (range.from.subarray(0, prefix.length).equals(prefix) && Buffer.compare(range.to, past) <= 0) {
            return one({ host, store, user });
          }
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error; // the range begins within a key
      }
    }
    return placesIn(this.dataPath, kind, range);
  }

  async *#messages(place: Place, prefix: Buffer): AsyncGenerator<Found> {
    const { from, to, reverse = false } = this.range;
    using borrowed = await this.source.borrow(fileOf(this.dataPath, "archive", place));
    const { list } = borrowed;
    const window = this.#left > 1 ? ReadWindow.ofMany(reverse) : new ReadWindow();
    const keyOf = (entry: ListEntry): Buffer => extendKey(prefix, positionIn(entry));
    // Within the list the bounds are positions: it may change while it is gone over.
    let entry = reverse
      ? list.lastBefore((one) => Buffer.compare(keyOf(one), to) >= 0)
      : list.firstNotBefore((one) => Buffer.compare(keyOf(one), from) < 0);
    while (entry !== undefined) {
      const key = keyOf(entry);
      if (reverse ? Buffer.compare(key, from) < 0 : Buffer.compare(key, to) >= 0) return;
      const position = positionIn(entry);
      yield { key, read: () => this.#message(list, place, position, window) };
      entry = reverse ? list.before(position) : list.after(position);
    }
  }

  async #message(list: ListArchive, place: Place, position: string, window: ReadWindow): Promise<string | undefined> {
    for (let entry = list.at(position); entry !== undefined; entry = list.at(position)) {
      const message = await list.read(entry, window);
      if (message !== undefined) return textOf(message, place);
    }
    return undefined;
  }

  async *#ids(place: Place, prefix: Buffer): AsyncGenerator<Found> {
    const { from, to, reverse = false } = this.range;
    using borrowed = await this.source.borrow(fileOf(this.dataPath, "archive-id", place));
    const { list } = borrowed;
    const keys = list.ids().map((id) => ({ id, key: extendKey(prefix, id) }));
    keys.sort((a, b) => (reverse ? -1 : 1) * Buffer.compare(a.key, b.key));
    for (const { id, key } of keys) {
      if (Buffer.compare(key, from) < 0 || Buffer.compare(key, to) >= 0) continue;
      const entry = list.byId(id);
      yield { key, read: () => Promise.resolve(entry && positionIn(entry)) };
    }
  }

  async #count(place: Place): Promise<string | undefined> {
    using borrowed = await this.source.borrow(fileOf(this.dataPath, "archive-count", place));
    const { list } = borrowed;
    return list.count === 0 ? undefined : String(list.count);
  }
}

/** Where the first four parts of a key end. */
function endOfPlace(key: Buffer): number {
  let at = 0;
  for (let part = 0; part < 4 && at < key.length; part++) {
    if (key[at] === 0x01) {
      at++;
      continue;
    }
    let end = key.indexOf(0, at + 1);
    while (end !== -1 && key[end + 1] === 0xff) end = key.indexOf(0, end + 2);
    if (end === -1) return key.length;
    at = end + 1;
  }
  return at;
}

async function* one(place: Place): AsyncGenerator<Place> {
  yield place;
}
