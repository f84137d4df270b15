import { toKeyTexts } from "./keyval-store.js";
import type { MapStore, WriteOptions } from "./store.js";
import { fromText, toText, type Table } from "./table.js";

/** {@link MapStore} over a table. */
export class TableMapStore<T> implements MapStore<T> {
  readonly host: string;
  readonly name: string;

  constructor(private readonly table: Table) {
    this.host = table.host;
    this.name = table.name;
  }

  async get(user: string | null, key: string): Promise<T | undefined> {
    const text = await this.table.getKey(user, key);
    return text === undefined ? undefined : fromText<T>(text, this, user);
  }

  set(user: string | null, key: string, value: T | undefined, options?: WriteOptions): Promise<void> {
    return this.table.setKeys(user, [[key, value === undefined ? undefined : toText(value)]], options);
  }

  setKeys(user: string | null, values: Readonly<Record<string, T | undefined>>, options?: WriteOptions): Promise<void> {
    return this.table.setKeys(user, toKeyTexts(values), options);
  }

  async getAll(key: string): Promise<Record<string, T>> {
    return Object.fromEntries(
      (await this.table.getAll(key)).map(([user, text]) => [user, fromText<T>(text, this, user)]),
    );
  }

  deleteAll(key: string, options?: WriteOptions): Promise<void> {
    return this.table.deleteAll(key, options);
  }

  async *entries(
    user: string | null,
    range?: { after?: string; limit?: number },
  ): AsyncGenerator<[key: string, value: T]> {
    for await (const [key, text] of this.table.entries(user, range)) yield [key, fromText<T>(text, this, user)];
  }
}
