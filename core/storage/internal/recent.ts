/** Things that were used lately, by name. */
export class Recent<T> {
  readonly #things = new Map<string, { readonly thing: T; readonly size: number }>();
  #size = 0;

  /** @param most sizes of all of them together, and one for each */
  constructor(private readonly most = 16 * 1024 * 1024) {}

  get(name: string): T | undefined {
    const found = this.#things.get(name);
    if (found === undefined) return undefined;
    this.#things.delete(name);
    this.#things.set(name, found); // the latest is the last
    return found.thing;
  }

  set(name: string, thing: T, size: number): void {
    this.#size += size + 1 - (this.#things.get(name)?.size ?? 0);
    this.#things.delete(name);
    this.#things.set(name, { thing, size: size + 1 });
    for (const [oldest, { size: less }] of this.#things) {
      if (this.#size <= this.most) break;
      this.#things.delete(oldest);
      this.#size -= less;
    }
  }
}
