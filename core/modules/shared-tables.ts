/** Tables that modules share by path, each for as long as some module holds it (Prosody: `module:shared`). */
export class SharedTables {
  readonly #tables = new Map<string, { readonly table: object; holders: number }>();

  /** @param path absolute: `/host/module/name` */
  hold(path: string): { readonly table: object; readonly release: () => void } {
    const entry = this.#tables.get(path) ?? { table: {}, holders: 0 };
    this.#tables.set(path, entry);
    entry.holders++;
    return {
      table: entry.table,
      release: () => {
        if (--entry.holders === 0) this.#tables.delete(path);
      },
    };
  }
}
