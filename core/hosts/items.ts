interface Item {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
}

/** What modules publish for others to find, by key (Prosody: `module:add_item`). */
export class Items {
  #items: readonly Item[] = [];
  readonly #fire: (event: string, data: { source: string; item: unknown }) => void;

  /** @param fire how `item-added/KEY` and `item-removed/KEY` are told */
  constructor(fire: (event: string, data: { source: string; item: unknown }) => void) {
    this.#fire = fire;
  }

  add(key: string, value: unknown, source: string): void {
    this.#items = [...this.#items, { key, value, source }];
    this.#fire(`item-added/${key}`, { source, item: value });
  }

  remove(key: string, value: unknown, source: string): void {
    const at = this.#items.findIndex((item) => item.key === key && item.value === value && item.source === source);
    if (at === -1) return;
    this.#items = this.#items.toSpliced(at, 1);
    this.#fire(`item-removed/${key}`, { source, item: value });
  }

  /** Removes all that a module added, last first. */
  removeSource(source: string): void {
    for (const item of this.#items.filter((candidate) => candidate.source === source).reverse()) {
      this.remove(item.key, item.value, source);
    }
  }

  /** Values of a key, in order of addition. */
  get<T = unknown>(key: string): T[] {
    return this.#items.filter((item) => item.key === key).map((item) => item.value as T);
  }
}
