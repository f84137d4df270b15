import { ListArchive } from "./list-archive.js";

/** Messages whose places are in memory, when there are several lists; the one used last may have more. */
const MOST_ENTRIES = 300_000;
/** Lists that are open; each may be a file of the process. */
const MOST_LISTS = 200;

/** A list that stays in memory until it is given back. */
export interface BorrowedList extends Disposable {
  readonly list: ListArchive;
}

/** The lists that were used lately. */
export class Lists {
  readonly #lists = new Map<string, Promise<ListArchive>>();
  readonly #loaded = new Map<string, ListArchive>();
  /** How many are using one. */
  readonly #users = new Map<string, number>();

  /** @throws what the file system throws */
  async borrow(file: string): Promise<BorrowedList> {
    this.#count(file, 1);
    try {
      const known = this.#lists.get(file) ?? this.#load(file);
      this.#lists.delete(file);
      this.#lists.set(file, known); // the latest is the last
      const list = await known;
      return { list, [Symbol.dispose]: () => this.#giveBack(file) };
    } catch (error) {
      this.#giveBack(file);
      throw error;
    }
  }

  /** If it is in memory. */
  getSync(file: string): ListArchive | undefined {
    return this.#loaded.get(file);
  }

  async close(): Promise<void> {
    for (const list of await Promise.allSettled(this.#lists.values())) {
      if (list.status === "fulfilled") await list.value.close();
    }
    this.#lists.clear();
    this.#loaded.clear();
  }

  #giveBack(file: string): void {
    this.#count(file, -1);
    this.#trim();
  }

  #count(file: string, change: number): void {
    const users = (this.#users.get(file) ?? 0) + change;
    if (users === 0) this.#users.delete(file);
    else this.#users.set(file, users);
  }

  /** Lets go of what was not used lately, when it is too much. */
  #trim(): void {
    let entries = 0;
    for (const { count } of this.#loaded.values()) entries += count;
    for (const file of this.#lists.keys()) {
      const list = this.#loaded.get(file);
      if (this.#loaded.size <= 1 || (entries <= MOST_ENTRIES && this.#loaded.size <= MOST_LISTS)) return;
      if (list === undefined || this.#users.has(file)) continue;
      this.#lists.delete(file);
      this.#loaded.delete(file);
      entries -= list.count;
      void list.close(); // a file that was only read has nothing to lose
    }
  }

  async #load(file: string): Promise<ListArchive> {
    try {
      const list = await ListArchive.load(file);
      this.#loaded.set(file, list);
      return list;
    } catch (error) {
      this.#lists.delete(file);
      throw error;
    }
  }
}
