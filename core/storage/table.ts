import type { Database } from "./database.js";
import { compareCodePoints, decodeKey, encodeKey, extendKey, pastKey, type KeyPart } from "./key.js";
import { StorageError, type WriteOptions } from "./store.js";
import type { Change, DataPath, Transaction } from "./writer.js";

/** Values of one user, serialised; `undefined` removes. */
export type KeyTexts = readonly (readonly [key: string, text: string | undefined])[];

/**
 * One JSON value per user, seen whole (`keyval`) or by the keys of an object (`map`).
 *
 * Both views are of one value. It lies in one record as long as only whole values are written to the store, so that
 * reading it is one read. The first change by key turns it into one record per key, so that from then on such a change
 * costs one record however many keys there are; a whole object written later keeps that form. Which users have which
 * form is seen from their records; that a store may have both is kept in a record of the database.
 *
 * A change by key makes a value that is no object into one. A change by key that leaves no key leaves no value; an empty
 * object that was set whole stays one. Keys of an object come back in code-point order once it lies in several records.
 */
export class Table {
  readonly #prefix: Buffer;
  readonly #scope: string;

  constructor(
    private readonly database: Database,
    readonly host: string,
    readonly name: string,
  ) {
    this.#prefix = encodeKey(["data", host, name]);
    this.#scope = this.#prefix.toString("latin1");
  }

  async get(user: string | null): Promise<string | undefined> {
    const whole = this.#key(user);
    if (!this.#isSpread) {
      const text = await this.database.get(this.#path(user), whole);
      if (text !== undefined || !this.#isSpread) return text;
    }
    const members: string[] = [];
    for await (const [key, text] of this.database.records(this.#path(user), { from: whole, to: pastKey(whole) })) {
      if (key.length === whole.length) return text;
      members.push(`${JSON.stringify(memberOf(key))}:${text}`);
    }
    return members.length === 0 ? undefined : `{${members.join(",")}}`;
  }

  getSync(user: string | null): { readonly value: string | undefined } | undefined {
    const found = this.database.getSync(this.#path(user), this.#key(user));
    // In a store with records per key, only a whole value can be told at once; its absence says nothing.
    return found?.value === undefined && this.#isSpread ? undefined : found;
  }

  set(user: string | null, text: string | undefined, options?: WriteOptions): Promise<void> {
    const whole = this.#key(user);
    const refusal = this.database.refusal(whole);
    if (refusal) return Promise.reject(refusal);
    const change: Change<void> = this.#isSpread
      ? (transaction) => this.#replace(transaction, whole, text)
      : (transaction) => transaction.put(whole, text);
    return this.database.issue(this.#path(user), change, options?.sync);
  }

  async getKey(user: string | null, key: string): Promise<string | undefined> {
    const path = this.#path(user, key);
    // In this order: a value that is taken apart between the two reads would be missed by the other.
    const whole = await this.database.get(path, this.#key(user));
    if (whole !== undefined) return this.#members(whole, user).get(key);
    return this.#isSpread ? this.database.get(path, extendKey(this.#key(user), key)) : undefined;
  }

  setKeys(user: string | null, values: KeyTexts, options?: WriteOptions): Promise<void> {
    const [first] = values;
    if (first === undefined) return Promise.resolve();
    const whole = this.#key(user);
    const refusal = this.database.refusal(whole);
    if (refusal) return Promise.reject(refusal);
    const path = values.length === 1 ? this.#path(user, first[0]) : this.#path(user);
    if (this.database.keepsValuesWhole(this.name)) return this.#changeWhole(user, values, path, options);
    const change: Change<void> = async (transaction) => {
      const before = await transaction.get(whole);
      const isObject = before !== undefined && isObjectText(before);
      if (isObject || (before !== undefined && values.some(([, text]) => text !== undefined))) {
        transaction.put(whole, undefined);
        if (isObject) {
          for (const [key, text] of this.#members(before, user)) transaction.put(extendKey(whole, key), text);
        }
      }
      for (const [key, text] of values) transaction.put(extendKey(whole, key), text);
    };
    return this.database.issueSpread(this.host, this.name, path, change, options?.sync);
  }

  /** The same where each value stays in one record. */
  #changeWhole(user: string | null, values: KeyTexts, path: DataPath, options?: WriteOptions): Promise<void> {
    const whole = this.#key(user);
    const change: Change<void> = async (transaction) => {
      const before = await transaction.get(whole);
      const isObject = before !== undefined && isObjectText(before);
      if (!isObject && values.every(([, text]) => text === undefined)) return;
      const members = isObject ? this.#members(before, user) : new Map<string, string>();
      for (const [key, text] of values) {
        if (text === undefined) members.delete(key);
        else members.set(key, text);
      }
      transaction.put(whole, members.size === 0 ? undefined : objectText(members));
    };
    return this.database.issue(path, change, options?.sync);
  }

  /** All users that have a value, in code-point order, without the host's own data. */
  async *users(): AsyncGenerator<string> {
    const cursor = await this.database.cursor([this.#scope], { ...this.#everybody(), keysOnly: true });
    try {
      let last: string | undefined;
      for (let record = await cursor.next(); record !== undefined; record = await cursor.next()) {
        const user = userOf(record[0]);
        if (user === last) {
          cursor.seek(pastKey(this.#key(user)));
          continue;
        }
        last = user;
        yield user;
      }
    } finally {
      await cursor.close();
    }
  }

  /** Value of one key for every user that has it. */
  async getAll(key: string): Promise<[user: string, text: string][]> {
    const found: [string, string][] = [];
    const cursor = await this.database.cursor([this.#scope], this.#everybody());
    try {
      let sought: string | undefined;
      for (let record = await cursor.next(); record !== undefined; record = await cursor.next()) {
        const user = userOf(record[0]);
        const userKey = this.#key(user);
        const wanted = extendKey(userKey, key);
        const isWhole = record[0].length === userKey.length;
        const text = isWhole
          ? this.#members(record[1], user).get(key)
          : record[0].equals(wanted)
            ? record[1]
            : undefined;
        if (text !== undefined) found.push([user, text]);
        if (!isWhole && sought !== user && Buffer.compare(record[0], wanted) < 0) cursor.seek(wanted);
        else cursor.seek(pastKey(userKey));
        sought = user;
      }
    } finally {
      await cursor.close();
    }
    return found;
  }

  /** Removes one key from every user that has it. */
  deleteAll(key: string, options?: WriteOptions): Promise<void> {
    const change: Change<void> = async (transaction) => {
      for await (const [stored, text] of transaction.entries(this.#everybody())) {
        const user = userOf(stored);
        const whole = this.#key(user);
        if (stored.length !== whole.length) {
          if (memberOf(stored) === key) transaction.put(stored, undefined);
          continue;
        }
        const members = this.#members(text, user);
        if (members.delete(key)) transaction.put(whole, members.size === 0 ? undefined : objectText(members));
      }
    };
    return this.database.issue([this.#scope], change, options?.sync);
  }

  /** Keys and values of one user in code-point order. */
  async *entries(
    user: string | null,
    { after, limit }: { readonly after?: string; readonly limit?: number } = {},
  ): AsyncGenerator<[key: string, text: string]> {
    if (limit !== undefined && limit <= 0) return;
    const key = this.#key(user);
    const whole = await this.database.get(this.#path(user), key);
    if (whole !== undefined) {
      const members = [...this.#members(whole, user)]
        .filter(([name]) => after === undefined || compareCodePoints(name, after) > 0)
        .sort(([a], [b]) => compareCodePoints(a, b));
      yield* limit === undefined ? members : members.slice(0, limit);
      return;
    }
    if (!this.#isSpread) return;
    const from = after === undefined ? key : pastKey(extendKey(key, after));
    for await (const [stored, text] of this.database.records(this.#path(user), { from, to: pastKey(key), limit })) {
      if (stored.length !== key.length) yield [memberOf(stored), text];
    }
  }

  get #isSpread(): boolean {
    return this.database.isSpread(this.host, this.name);
  }

  async #replace(transaction: Transaction, whole: Buffer, text: string | undefined): Promise<void> {
    for await (const [key] of transaction.entries({ from: whole, to: pastKey(whole) })) transaction.put(key, undefined);
    if (text === undefined) return;
    const members = membersOf(text);
    if (members === undefined || members.size === 0) transaction.put(whole, text);
    else for (const [key, member] of members) transaction.put(extendKey(whole, key), member);
  }

  /** Members of a whole value; none if it is no object. */
  #members(text: string, user: string | null): Map<string, string> {
    try {
      return membersOf(text) ?? new Map<string, string>();
    } catch (cause) {
      throw damaged(this, user, cause);
    }
  }

  #key(user: string | null): Buffer {
    return extendKey(this.#prefix, user);
  }

  #path(user: string | null, key?: string): DataPath {
    const owner = user === null ? "" : `u${user}`;
    return key === undefined ? [this.#scope, owner] : [this.#scope, owner, key];
  }

  /** All records but those of the host itself, which come first. */
  #everybody(): { from: Buffer; to: Buffer } {
    return { from: pastKey(extendKey(this.#prefix, null)), to: pastKey(this.#prefix) };
  }
}

/**
 * The text that a value is stored as.
 *
 * @throws TypeError if it is something that JSON has no form for
 */
export function toText(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`a store keeps JSON values, received ${typeof value}`);
  return text;
}

/** The value of a stored text; the type is the word of whoever opened the store. */
export function fromText<T>(text: string, store: { host: string; name: string }, user: string | null): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw damaged(store, user, cause);
  }
}

function damaged(store: { host: string; name: string }, user: string | null, cause: unknown): StorageError {
  const where = `${store.host}/${store.name}/${user ?? "(host)"}`;
  return new StorageError("STORAGE_READ_FAILED", `the record ${where} is damaged: it is not JSON`, { cause });
}

function isObjectText(text: string): boolean {
  return text.startsWith("{");
}

function membersOf(text: string): Map<string, string> | undefined {
  if (!isObjectText(text)) return undefined;
  const value = JSON.parse(text) as Record<string, unknown>;
  return new Map(Object.keys(value).map((key) => [key, JSON.stringify(value[key])]));
}

function objectText(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

function userOf(key: Buffer): string {
  return stringPart(decodeKey(key)[3]);
}

function memberOf(key: Buffer): string {
  return stringPart(decodeKey(key).at(-1));
}

function stringPart(part: KeyPart | undefined): string {
  if (typeof part !== "string") throw new RangeError("not a key of this store");
  return part;
}
