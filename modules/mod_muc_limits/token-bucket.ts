/** How fast something may be done: `rate` a second in the long run, and what is saved up over `burstSeconds` at once. */
export interface Pace {
  /** Events a second; 0: no limit. */
  readonly rate: number;
  readonly burstSeconds: number;
  /** What one event costs at least: a bucket always holds that much, however slow its pace. */
  readonly baseCost: number;
}

/** Ten tenths are one, whatever floating point says. */
const ROUNDING = 1e-9;

/** A store of tokens that fills at a steady pace: what is done takes some out, and has to wait when there are none. */
export class TokenBucket {
  readonly #rate: number;
  readonly #capacity: number;
  #level: number;
  #atMs: number;

  /** A full one. */
  constructor({ rate, burstSeconds, baseCost }: Pace, nowMs: number) {
    this.#rate = rate;
    this.#capacity = Math.max(rate * burstSeconds, baseCost);
    this.#level = this.#capacity;
    this.#atMs = nowMs;
  }

  /** Whether there is enough for `cost`; what costs more than the bucket holds asks for a full one. */
  has(cost: number, nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#rate === 0 || this.#level + ROUNDING >= Math.min(cost, this.#capacity);
  }

  take(cost: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#level = Math.max(0, this.#level - cost);
  }

  /** A full bucket is as good as none: whoever asks next gets a full one. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#rate === 0 || this.#level >= this.#capacity;
  }

  #fill(nowMs: number): void {
    // A clock that was set back takes nothing away.
    const seconds = Math.max(0, nowMs - this.#atMs) / 1000;
    this.#level = Math.min(this.#capacity, this.#level + seconds * this.#rate);
    this.#atMs = nowMs;
  }
}
