/** Lets so many things go on at a time; others wait for their turn, in line. */
export class Turns {
  #busy = 0;
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly max: number,
    private readonly maxWaiting: number,
  ) {}

  /**
   * @param signal ends the waiting
   * @returns whether it is one's turn; then `leave` is owed. False: the line is too long, or the waiting was ended
   */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#busy < this.max) {
      this.#busy++;
      return true;
    }
    if (this.#waiting.size >= this.maxWaiting) return false;
    return new Promise((resolve) => {
      const next = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve(true);
      };
      const giveUp = (): void => {
        this.#waiting.delete(next);
        resolve(false);
      };
      this.#waiting.add(next);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** The turn is the next one's. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#busy--;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
