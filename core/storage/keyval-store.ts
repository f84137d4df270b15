import type { KeyvalPlusStore, KeyvalStore, WriteOptions } from "./store.js";
import { fromText, toText, type Table } from "./table.js";

/** {@link KeyvalStore} over a table. */
export class TableKeyvalStore<T> implements KeyvalStore<T> {
  readonly host: string;
  readonly name: string;

  constructor(protected readonly table: Table) {
    this.host = table.host;
    this.name = table.name;
  }

  async get(user: string | null): Promise<T | undefined> {
    const text = await this.table.get(user);
    return text === undefined ? undefined : fromText<T>(text, this, user);
  }

  set(user: string | null, value: T | undefined, options?: WriteOptions): Promise<void> {
    return this.table.set(user, value === undefined ? undefined : toText(value), options);
  }

  users(): AsyncIterable<string> {
    return this.table.users();
  }

  getSync(user: string | null): { readonly value: T | undefined } | undefined {
    const found = this.table.getSync(user);
    if (found === undefined) return undefined;
    return { value: found.value === undefined ? undefined : fromText<T>(found.value, this, user) };
  }
}

/** {@link KeyvalPlusStore} over a table. */
export class TableKeyvalPlusStore<T> extends TableKeyvalStore<Record<string, T>> implements KeyvalPlusStore<T> {
  async getKey(user: string | null, key: string): Promise<T | undefined> {
    const text = await this.table.getKey(user, key);
    return text === undefined ? undefined : fromText<T>(text, this, user);
  }

  setKey(user: string | null, key: string, value: T | undefined, options?: WriteOptions): Promise<void> {
    return this.table.setKeys(user, [[key, value === undefined ? undefined : toText(value)]], options);
  }

  setKeys(user: string | null, values: Readonly<Record<string, T | undefined>>, options?: WriteOptions): Promise<void> {
    return this.table.setKeys(user, toKeyTexts(values), options);
  }

  async getKeyFromAll(key: string): Promise<Record<string, T>> {
    return Object.fromEntries(
      (await this.table.getAll(key)).map(([user, text]) => [user, fromText<T>(text, this, user)]),
    );
  }

  deleteKeyFromAll(key: string, options?: WriteOptions): Promise<void> {
    return this.table.deleteAll(key, options);
  }
}

/** Serialises the values of several keys, keeping `undefined` as it is. */
export function toKeyTexts(values: Readonly<Record<string, unknown>>): [key: string, text: string | undefined][] {
  return Object.entries(values).map(([key, value]) => [key, value === undefined ? undefined : toText(value)]);
}
