/** So many times in so many seconds, for each key. */
export class Rate {
  readonly #times = new Map<string, number[]>();

  constructor(
    private readonly limit: number,
    private readonly windowSeconds: number,
    private readonly nowSeconds: () => number,
  ) {}

  /** Whether it is allowed once more, which is counted then. */
  take(key: string): boolean {
    const oldest = this.nowSeconds() - this.windowSeconds;
    const times = (this.#times.get(key) ?? []).filter((time) => time > oldest);
    // Keys in the order in which they were used last: those in front are over.
    this.#times.delete(key);
    const isAllowed = times.length < this.limit;
    if (isAllowed) times.push(this.nowSeconds());
    this.#times.set(key, times);
    for (const [other, used] of this.#times) {
      if ((used.at(-1) ?? 0) > oldest) break;
      this.#times.delete(other);
    }
    return isAllowed;
  }
}
