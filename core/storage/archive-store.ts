import { setImmediate } from "node:timers/promises";
import { parseStanza } from "../xmpp/parse.js";
import type { Element } from "../xmpp/element.js";
import { serialise } from "../xmpp/template.js";
import { ArchiveAppends } from "./archive-appends.js";
import { ArchivePlaces, then, type GetRecord } from "./archive-places.js";
import type { ArchiveId } from "./archive-id.js";
import { entryText, readEntry, type StoredEntry } from "./archive-entry.js";
import { PAST_DIGITS, positionOf, TIME_LENGTH, timeText } from "./archive-position.js";
import type { Database } from "./database.js";
import { decodeKey, extendKey, pastKey } from "./key.js";
import { StorageError, type ArchiveEntry, type ArchivePage, type ArchiveQuery, type ArchiveStore } from "./store.js";
import type { WriteOptions } from "./store.js";
import type { DataPath, Transaction } from "./writer.js";

/** Entries that are deleted without letting others have a turn. */
const SLICE = 1000;

/** An entry of an id that was not used before. */
interface NewEntry {
  readonly made: ArchiveId;
  readonly id: string;
  readonly position: string;
  readonly text: string;
}

interface Bounds {
  readonly from: Buffer;
  readonly to: Buffer;
}

/**
 * {@link ArchiveStore} over ordered records.
 *
 * An archive is in the order of its entries' times; entries of the same time are in the order in which they were added.
 * An entry added without a time gets the present one, which does not run back even if the clock does (by up to an hour):
 * what is archived as it happens is added that way, and stays in the order in which it happened. An entry added with a
 * time goes where that time belongs, so that an import may come after the fact.
 *
 * Three records: the entry, by user and position; its position, by user and id, where that does not follow from the id;
 * the number of entries, by user.
 */
export class RecordArchiveStore implements ArchiveStore {
  readonly caps = { total: true, ids: true, fullIdRange: true, wildcardDelete: false };
  readonly #places: ArchivePlaces;
  readonly #scope: string;
  readonly #appends: ArchiveAppends<NewEntry>;

  constructor(
    private readonly database: Database,
    readonly host: string,
    readonly name: string,
  ) {
    this.#places = new ArchivePlaces(host, name);
    this.#scope = this.#places.entries.toString("latin1");
    this.#appends = new ArchiveAppends(database, (transaction, user, added) => this.#add(transaction, user, added));
  }

  append(
    user: string,
    key: string | null,
    stanza: Element,
    when?: number,
    withValue = "",
    options?: WriteOptions,
  ): { readonly id: string; readonly written: Promise<void> } {
    const made = this.database.nextArchiveId();
    const id = key ?? made.id;
    const entry: StoredEntry = { id, when: checkTime(when ?? made.when), with: withValue, xml: serialise(stanza) };
    const added = { made, id, position: positionOf(entry.when, made.digits), text: entryText(entry) };
    const refusal = this.database.refusal(this.#places.of(user).count);
    if (refusal) return { id, written: quiet(Promise.reject(refusal)) };
    const path = this.#path(user);
    const written =
      key === null
        ? this.#appends.add(path, user, added, options?.sync)
        : quiet(this.database.issue(path, (transaction) => this.#replace(transaction, user, added), options?.sync));
    return { id, written };
  }

  #add(transaction: Transaction, user: string, added: readonly NewEntry[]): undefined | Promise<undefined> {
    for (const entry of added) this.#put(transaction, user, entry);
    const latest = added.at(-1);
    if (latest) this.database.rememberArchiveId(transaction, latest.made);
    return this.#addCount(transaction, user, added.length);
  }

  /** Adds an entry in place of the one of that id, if there is one. */
  #replace(transaction: Transaction, user: string, added: NewEntry): undefined | Promise<undefined> {
    return then(
      this.#places.of(user).find(added.id, (key) => transaction.get(key)),
      (before) => {
        if (before !== undefined) transaction.put(this.#places.of(user).entry(before), undefined);
        this.#put(transaction, user, added);
        this.database.rememberArchiveId(transaction, added.made);
        return before === undefined ? this.#addCount(transaction, user, 1) : undefined;
      },
    );
  }

  #put(transaction: Transaction, user: string, { made, id, position, text }: NewEntry): void {
    const places = this.#places.of(user);
    transaction.put(places.entry(position), text);
    const isById = id === made.id && position.startsWith(timeText(made.ms / 1000));
    if (!isById) transaction.put(places.id(id), position);
  }

  async find(user: string, query: ArchiveQuery = {}): Promise<ArchivePage | undefined> {
    const bounds = await this.#bounds(user, query, (key) => this.database.get(this.#path(user), key));
    if (bounds === undefined) return undefined;
    const items = this.#select(user, query, bounds);
    return query.total === true
      ? { items: this.#parsed(user, items), total: await this.#total(user, query) }
      : { items: this.#parsed(user, items) };
  }

  async get(user: string, key: string): Promise<ArchiveEntry | undefined> {
    const [, text] = (await this.#stored(user, key)) ?? [];
    return text === undefined ? undefined : this.#parse(user, this.#read(user, text));
  }

  set(
    user: string,
    key: string,
    stanza: Element,
    when?: number,
    withValue?: string,
    options?: WriteOptions,
  ): Promise<boolean> {
    const xml = serialise(stanza);
    if (when !== undefined) checkTime(when);
    const change = async (transaction: Transaction): Promise<boolean> => {
      const position = await this.#places.of(user).find(key, (record) => transaction.get(record));
      if (position === undefined) return false;
      const place = this.#places.of(user).entry(position);
      const text = await transaction.get(place);
      if (text === undefined) return false;
      const before = this.#read(user, text);
      const entry: StoredEntry = { id: key, when: when ?? before.when, with: withValue ?? before.with, xml };
      const moved = positionOf(entry.when, position.slice(TIME_LENGTH));
      if (moved !== position) {
        transaction.put(place, undefined);
        transaction.put(this.#places.of(user).id(key), moved);
      }
      transaction.put(this.#places.of(user).entry(moved), entryText(entry));
      return true;
    };
    return this.database.issue(this.#path(user), change, options?.sync);
  }

  delete(user: string, query: ArchiveQuery & { truncate?: number } = {}, options?: WriteOptions): Promise<number> {
    const { limit, truncate, reverse = false, start, end } = query;
    if (start !== undefined) checkTime(start);
    if (end !== undefined) checkTime(end);
    const change = async (transaction: Transaction): Promise<number> => {
      const bounds = await this.#bounds(user, query, (key) => transaction.get(key));
      if (bounds === undefined) return 0;
      let found: [place: Buffer, id: string][] = [];
      for await (const [place, text] of transaction.entries(bounds)) {
        const entry = this.#read(user, text);
        if (!matches(entry, query)) continue;
        found.push([place, entry.id]);
        if (found.length === limit && truncate === undefined && !reverse) break; // the oldest were asked for
      }
      if (reverse) found.reverse();
      // Kept: the newest, or the oldest when asked in reverse; which is the end of the list either way.
      if (truncate !== undefined) found = found.slice(0, Math.max(0, found.length - truncate));
      if (limit !== undefined) found = found.slice(0, limit);
      for (const [at, [place, id]] of found.entries()) {
        transaction.put(place, undefined);
        transaction.put(this.#places.of(user).id(id), undefined);
        if (at % SLICE === SLICE - 1) await setImmediate(); // others have a turn in between
      }
      await this.#addCount(transaction, user, -found.length);
      return found.length;
    };
    return this.database.issue(this.#path(user), change, options?.sync);
  }

  async summary(
    user: string,
    query: ArchiveQuery = {},
  ): Promise<Record<string, { count: number; earliest: number; latest: number }>> {
    const bounds = await this.#bounds(user, query, (key) => this.database.get(this.#path(user), key));
    const summary = new Map<string, { count: number; earliest: number; latest: number }>();
    if (bounds === undefined) return {};
    for await (const entry of this.#select(user, query, bounds)) {
      const known = summary.get(entry.with);
      if (known === undefined) summary.set(entry.with, { count: 1, earliest: entry.when, latest: entry.when });
      else {
        known.count++;
        known.earliest = Math.min(known.earliest, entry.when);
        known.latest = Math.max(known.latest, entry.when);
      }
    }
    return Object.fromEntries(summary);
  }

  async *users(): AsyncGenerator<string> {
    const range = { from: this.#places.counts, to: pastKey(this.#places.counts), keysOnly: true };
    for await (const [key] of this.database.records([this.#scope], range)) yield decodeKey(key)[3] ?? "";
  }

  /** Entries that match, in the order asked for. */
  async *#select(user: string, query: ArchiveQuery, bounds: Bounds): AsyncGenerator<StoredEntry> {
    const { limit = Infinity, reverse = false } = query;
    let left = limit;
    if (left <= 0) return;
    if (query.key !== undefined || query.ids !== undefined) {
      for (const entry of await this.#named(user, query, bounds)) {
        yield entry;
        if (--left === 0) return;
      }
      return;
    }
    const range = { ...bounds, reverse, ...(query.with === undefined && limit !== Infinity && { limit }) };
    for await (const [, text] of this.database.records(this.#path(user), range)) {
      const entry = this.#read(user, text);
      if (!matches(entry, query)) continue;
      yield entry;
      if (--left === 0) return;
    }
  }

  /** Entries that the query names by id, within its bounds. */
  async #named(user: string, query: ArchiveQuery, bounds: Bounds): Promise<StoredEntry[]> {
    const ids = new Set(query.ids ?? (query.key === undefined ? [] : [query.key]));
    const found: [place: Buffer, entry: StoredEntry][] = [];
    for (const id of ids) {
      const [place, text] = (await this.#stored(user, id)) ?? [];
      if (place === undefined || text === undefined) continue;
      const entry = this.#read(user, text);
      const isInside = Buffer.compare(place, bounds.from) >= 0 && Buffer.compare(place, bounds.to) < 0;
      if (isInside && matches(entry, query)) found.push([place, entry]);
    }
    found.sort(([a], [b]) => Buffer.compare(a, b));
    if (query.reverse === true) found.reverse();
    return found.map(([, entry]) => entry);
  }

  async #total(user: string, query: ArchiveQuery): Promise<number> {
    const { start, end, with: withValue, key, ids } = query;
    if (start === undefined && end === undefined && withValue === undefined && key === undefined && ids === undefined) {
      return Number((await this.database.get(this.#path(user), this.#places.of(user).count)) ?? 0);
    }
    const all = { start, end, with: withValue, key, ids };
    const bounds = await this.#bounds(user, all, () => Promise.resolve(undefined));
    let total = 0;
    if (bounds === undefined) return total;
    for await (const _entry of this.#select(user, all, bounds)) total++;
    return total;
  }

  /** Where the query's times and ids lie; `undefined` when it names an unknown id as a border. */
  async #bounds(
    user: string,
    { start, end, before, after }: ArchiveQuery,
    get: GetRecord,
  ): Promise<Bounds | undefined> {
    const whole = this.#places.of(user).entries;
    let from = start === undefined ? whole : extendKey(whole, timeText(checkTime(start)));
    let to = end === undefined ? pastKey(whole) : extendKey(whole, timeText(checkTime(end)) + PAST_DIGITS);
    for (const id of [after ?? []].flat()) {
      const position = await this.#places.of(user).find(id, get);
      if (position === undefined) return undefined;
      const past = pastKey(extendKey(whole, position));
      if (Buffer.compare(past, from) > 0) from = past;
    }
    for (const id of [before ?? []].flat()) {
      const position = await this.#places.of(user).find(id, get);
      if (position === undefined) return undefined;
      const place = extendKey(whole, position);
      if (Buffer.compare(place, to) < 0) to = place;
    }
    return { from, to: Buffer.compare(from, to) > 0 ? from : to };
  }

  /** An entry by its id. */
  async #stored(user: string, id: string): Promise<readonly [place: Buffer, text: string] | undefined> {
    const get = (key: Buffer): Promise<string | undefined> => this.database.get(this.#path(user), key);
    let last: string | undefined;
    for (;;) {
      const position = await this.#places.of(user).find(id, get);
      if (position === undefined || position === last) return undefined;
      const place = this.#places.of(user).entry(position);
      const text = await get(place);
      if (text !== undefined) return [place, text];
      last = position; // moved between the two reads, if it is there at all
    }
  }

  #addCount(transaction: Transaction, user: string, change: number): undefined | Promise<undefined> {
    const key = this.#places.of(user).count;
    return then(transaction.get(key), (text) => {
      const count = Number(text ?? 0) + change;
      transaction.put(key, count <= 0 ? undefined : String(count));
      return undefined;
    });
  }

  async *#parsed(user: string, entries: AsyncIterable<StoredEntry>): AsyncGenerator<ArchiveEntry> {
    for await (const entry of entries) yield this.#parse(user, entry);
  }

  #parse(user: string, entry: StoredEntry): ArchiveEntry {
    try {
      return { id: entry.id, stanza: parseStanza(entry.xml), when: entry.when, with: entry.with };
    } catch (cause) {
      throw this.#damaged(user, `entry ${entry.id}`, cause);
    }
  }

  #read(user: string, text: string): StoredEntry {
    let cause: unknown;
    try {
      const entry = readEntry(text);
      if (entry !== undefined) return entry;
    } catch (error) {
      cause = error;
    }
    throw this.#damaged(user, "an entry", cause);
  }

  #damaged(user: string, what: string, cause?: unknown): StorageError {
    const message = `${what} of the archive ${this.host}/${this.name}/${user} is damaged`;
    return new StorageError("STORAGE_READ_FAILED", message, { cause });
  }

  #path(user: string): DataPath {
    return [this.#scope, user];
  }
}

function matches(entry: StoredEntry, query: ArchiveQuery): boolean {
  if (query.with !== undefined && entry.with !== query.with) return false;
  if (query.key !== undefined && entry.id !== query.key) return false;
  return query.ids === undefined || query.ids.includes(entry.id);
}

/** Who does not look at it must not bring the process down. */
function quiet(written: Promise<undefined>): Promise<undefined> {
  written.catch(() => undefined);
  return written;
}

function checkTime(seconds: number): number {
  if (!Number.isFinite(seconds))
    throw new TypeError(`an archive's times are unix seconds, received ${String(seconds)}`);
  return seconds;
}
