/**
 * Prosody's tables as ordered records: those of `RecordArchiveStore` and `Table`, translated one to one. What Prosody
 * has no place for is in tables of our own beside them.
 */
import type { KeyRange, RecordChange, RecordCursor, StorageDriver } from "../driver.js";
import { decodeKey, encodeKey, extendKey, pastKey } from "../key.js";
import { StorageError } from "../store.js";
import {
  archiveCount,
  archivedBetween,
  positionOfId,
  prepareTimes,
  readArchived,
  writeArchived,
  type ArchiveOwner,
} from "./archive-rows.js";
import { openSql, type SqlConnection, type SqlQueries } from "./connection.js";
import type { SqlOptions } from "./options.js";
import { createOwnRecords, getOwn, ownRecords, putOwn, removeOwn } from "./own-records.js";
import { createProsodyTables } from "./schema.js";
import { archiveUsers, readValue, valueUsers, writeValue, type ValueOwner } from "./value-rows.js";

const LIST_OF_ROOMS = "public_rooms";
/** Stores that Prosody has none of: they are ours, and change more often than a room does. */
const OWN_STORES: ReadonlySet<string> = new Set(["occupants", LIST_OF_ROOMS, "muc_history", "auth_decoy"]);
/** What no database has in its text. */
const NO_TEXT = /[\u0000\p{Surrogate}]/u;

/** What a key stands for in Prosody's tables. */
type Address =
  | ({ readonly kind: "data" } & ValueOwner)
  | ({ readonly kind: "archive" | "archive-id" | "archive-count"; readonly part: string } & ArchiveOwner);

/** @throws StorageError as {@link openSql} does */
export async function openSqlDriver(options: SqlOptions): Promise<StorageDriver> {
  const connection = await openSql(options, { mode: "write" });
  try {
    await createProsodyTables(connection);
    await createOwnRecords(connection);
    await prepareTimes(connection, connection.driver);
    await forgetListed(connection);
    return new SqlDriver(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** What is known of rooms for their list: a Prosody may have changed them since. It is made anew when it is asked for. */
async function forgetListed(connection: SqlConnection): Promise<void> {
  for (const row of await connection.query(`SELECT DISTINCT "host" AS "h" FROM "prosody"`)) {
    const prefix = encodeKey(["data", String(row["h"]), LIST_OF_ROOMS]);
    await removeOwn(connection, prefix, pastKey(prefix));
  }
}

class SqlDriver implements StorageDriver {
  readonly name = "sql";
  /** How many messages archives have, by key: counting takes as long as there are many. */
  readonly #counts = new Map<string, string | undefined>();

  constructor(private readonly connection: SqlConnection) {}

  keepsValuesWhole(store: string): boolean {
    return !OWN_STORES.has(store);
  }

  get(key: Buffer): Promise<string | undefined> {
    return this.#get(this.connection, key);
  }

  cursor(range: KeyRange): RecordCursor {
    return new StreamCursor(range, (left) => this.#records(left));
  }

  async batch(changes: readonly RecordChange[], { sync }: { readonly sync: boolean }): Promise<void> {
    const counts = new Map<string, string | undefined>();
    try {
      await this.connection.transaction(async (queries) => {
        if (this.connection.driver === "PostgreSQL" && !sync) await queries.run("SET LOCAL synchronous_commit = off");
        for (const { key, value } of changes) {
          const address = addressOf(key);
          if (address?.kind === "archive-count") counts.set(key.toString("latin1"), value);
          else await this.#put(queries, key, address, value);
        }
      });
    } catch (error) {
      this.#counts.clear(); // nobody knows whether it was written
      throw error;
    }
    for (const [key, value] of counts) this.#counts.set(key, value);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  async #get(queries: SqlQueries, key: Buffer): Promise<string | undefined> {
    const address = addressOf(key);
    switch (address?.kind) {
      case undefined:
        return getOwn(queries, key);
      case "data":
        return readValue(queries, address);
      case "archive":
        return readArchived(queries, address, address.part);
      case "archive-id":
        return positionOfId(queries, address, address.part);
      case "archive-count":
        return this.#count(queries, key, address);
    }
  }

  async #count(queries: SqlQueries, key: Buffer, owner: ArchiveOwner): Promise<string | undefined> {
    const name = key.toString("latin1");
    if (!this.#counts.has(name)) {
      const count = await archiveCount(queries, owner);
      this.#counts.set(name, count === 0 ? undefined : String(count));
    }
    return this.#counts.get(name);
  }

  async #put(queries: SqlQueries, key: Buffer, address: Address | undefined, value: string | undefined): Promise<void> {
    switch (address?.kind) {
      case undefined:
        return putOwn(queries, key, value);
      case "data":
        return writeValue(queries, address, value, this.connection.driver !== "MySQL");
      case "archive":
        return writeArchived(queries, address, address.part, value);
      default: // what follows from the archive itself
    }
  }

  /** Records of a range of one store, or of one user of it. */
  async *#records(range: KeyRange): AsyncGenerator<readonly [key: Buffer, value: string]> {
    const { from, to, reverse = false, keysOnly = false } = range;
    const [kind, host, store, user] = decodeKey(withoutEnd(from));
    const isShared = typeof host === "string" && typeof store === "string" && isSharedStore(host, store);
    if (!isShared || kind === undefined || kind === null || !isKind(kind)) {
      if (from.length === 0) throw new StorageError("STORAGE_READ_FAILED", "a database has tools of its own for that");
      yield* ownRecords(this.connection, range);
      return;
    }
    if (kind === "archive" && typeof user === "string" && isText(user) && user !== "") {
      yield* this.#archived({ host, store, user }, range);
      return;
    }
    const users = kind === "data" ? valueUsers : archiveUsers;
    const prefix = encodeKey([kind, host, store]);
    const keys = (await users(this.connection, host, store)).map((name) => extendKey(prefix, name));
    if (kind === "data") keys.push(extendKey(prefix, null));
    const own = new Map<string, string>();
    for await (const [key, value] of ownRecords(this.connection, range)) own.set(key.toString("latin1"), value);
    for (const key of own.keys()) keys.push(Buffer.from(key, "latin1"));
    const inside = keys.filter((key) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0);
    inside.sort((a, b) => Buffer.compare(a, b) * (reverse ? -1 : 1));
    for (const key of inside) {
      const value = own.get(key.toString("latin1")) ?? (keysOnly ? "" : await this.get(key));
      if (value !== undefined) yield [key, value];
    }
  }

  async *#archived(owner: ArchiveOwner, range: KeyRange): AsyncGenerator<readonly [key: Buffer, value: string]> {
    const { from, to, reverse = false, limit } = range;
    const prefix = encodeKey(["archive", owner.host, owner.store, owner.user]);
    const [low, high] = [from, to].map((bound) => decodeKey(withoutEnd(bound))[4] ?? undefined);
    const isEmpty = Buffer.compare(from, to) >= 0;
    if (isEmpty) return;
    const between = { from: low, to: Buffer.compare(to, pastKey(prefix)) < 0 ? high : undefined, reverse };
    for await (const { position, text } of archivedBetween(this.connection, owner, between, limit)) {
      const key = extendKey(prefix, position);
      if (Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0) yield [key, text];
    }
  }
}

/** A cursor over what is generated in order: it goes further by passing over. */
class StreamCursor implements RecordCursor {
  #left: number;
  #records: AsyncGenerator<readonly [key: Buffer, value: string]> | undefined;
  #sought: Buffer | undefined;

  constructor(
    private readonly range: KeyRange,
    private readonly open: (range: KeyRange) => AsyncGenerator<readonly [key: Buffer, value: string]>,
  ) {
    this.#left = range.limit ?? Infinity;
  }

  async next(): Promise<readonly [key: Buffer, value: string] | undefined> {
    if (this.#left <= 0) return undefined;
    this.#records ??= this.open(this.range);
    for (;;) {
      const { value, done } = await this.#records.next();
      if (done === true) return undefined;
      if (this.#sought !== undefined && this.#isBefore(value[0], this.#sought)) continue;
      this.#left--;
      return value;
    }
  }

  seek(key: Buffer): void {
    this.#sought = key;
  }

  async close(): Promise<void> {
    await this.#records?.return(undefined);
  }

  #isBefore(key: Buffer, sought: Buffer): boolean {
    const order = Buffer.compare(key, sought);
    return this.range.reverse === true ? order > 0 : order < 0;
  }
}

function isKind(kind: string): kind is Address["kind"] {
  return kind === "data" || kind === "archive" || kind === "archive-id" || kind === "archive-count";
}

function isText(text: string): boolean {
  return !NO_TEXT.test(text);
}

function isSharedStore(host: string, store: string): boolean {
  return isText(host) && isText(store) && !OWN_STORES.has(store);
}

/** Where a record is in Prosody's tables; `undefined`: in ours. */
function addressOf(key: Buffer): Address | undefined {
  const [kind, host, store, user, part] = decodeKey(key);
  if (typeof kind !== "string" || !isKind(kind)) return undefined;
  if (typeof host !== "string" || typeof store !== "string" || !isSharedStore(host, store)) return undefined;
  // The empty user would be the host itself.
  if (user === undefined || user === "" || (user !== null && !isText(user))) return undefined;
  if (kind === "data") return { kind, host, store, user };
  return user === null ? undefined : { kind, host, store, user, part: part ?? "" };
}

/** The tuple of a bound: without the byte that stands for the end of those that begin with it. */
function withoutEnd(bound: Buffer): Buffer {
  return bound.at(-1) === 0x03 ? bound.subarray(0, -1) : bound;
}
