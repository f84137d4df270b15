import type { Clock, Timer } from "./clock.js";

interface Entry {
  at: number;
  order: number;
  /** Place in the heap; -1 when not in it. */
  index: number;
  readonly fn: (nowSeconds: number) => number | undefined;
}

/**
 * All timers of the process in one heap behind one wake-up, so that any number of them costs one system timer.
 *
 * Two timers due at the same millisecond fire in the order in which they were set.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #heap: Entry[] = [];
  #order = 0;
  #wake: { at: number; cancel(): void } | undefined;

  /** @param onError what a callback threw; the other timers go on */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Number of timers set. */
  get size(): number {
    return this.#heap.length;
  }

  /** Calls `fn(now)` after `seconds`; a number that it returns is the seconds until the next call. */
  add(seconds: number, fn: (nowSeconds: number) => number | undefined): Timer {
    if (!(seconds >= 0)) throw new TypeError(`addTimer: seconds must be a number from 0, received ${String(seconds)}`);
    const entry: Entry = { at: 0, order: 0, index: -1, fn };
    this.#schedule(entry, seconds);
    return {
      stop: () => {
        this.#remove(entry);
      },
      reschedule: (delay) => {
        this.#remove(entry);
        this.#schedule(entry, delay);
      },
    };
  }

  /** Forgets all timers. */
  stop(): void {
    for (const entry of this.#heap) entry.index = -1;
    this.#heap.length = 0;
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  #schedule(entry: Entry, seconds: number): void {
    if (seconds === Infinity) return;
    entry.at = this.#clock.now() + Math.ceil(seconds * 1000);
    entry.order = this.#order++;
    entry.index = this.#heap.push(entry) - 1;
    this.#up(entry.index);
    this.#arm();
  }

  #remove(entry: Entry): void {
    const index = entry.index;
    if (index === -1) return;
    entry.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#heap[index] = last;
    last.index = index;
    this.#up(index);
    this.#down(last.index);
  }

  #arm(): void {
    const next = this.#heap[0];
    // Waking for a timer that was stopped costs less than setting the alarm anew whenever the next one is another.
    if (next === undefined || (this.#wake !== undefined && this.#wake.at <= next.at)) return;
    this.#wake?.cancel();
    const { cancel } = this.#clock.wakeAt(next.at, () => {
      this.#wake = undefined;
      this.#fire();
    });
    this.#wake = { at: next.at, cancel };
  }

  #fire(): void {
    const now = this.#clock.now();
    // Timers set by a callback wait for the next round, so that a delay of 0 cannot hold the process.
    const round = this.#order;
    for (let next = this.#heap[0]; next !== undefined && next.at <= now && next.order < round; next = this.#heap[0]) {
      this.#remove(next);
      try {
        const again = next.fn(now / 1000);
        if (typeof again === "number" && next.index === -1) this.#schedule(next, Math.max(0, again));
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#arm();
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a] as Entry;
    const y = this.#heap[b] as Entry;
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a] as Entry;
    const y = this.#heap[b] as Entry;
    this.#heap[a] = y;
    this.#heap[b] = x;
    y.index = a;
    x.index = b;
  }

  #up(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(index: number): void {
    for (let at = index; ;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const least = left + 1 < this.#heap.length && this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
