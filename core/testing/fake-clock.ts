import type { Clock } from "../timers/clock.js";

interface Wake {
  readonly atMs: number;
  readonly fn: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number;
  #wakes: readonly Wake[] = [];

  /** @param startMs milliseconds since 1970 (default: 2025-01-01T00:00:00Z) */
  constructor(startMs: number = Date.UTC(2025, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  wakeAt(atMs: number, fn: () => void): ReturnType<Clock["wakeAt"]> {
    const wake: Wake = { atMs, fn };
    this.#wakes = [...this.#wakes, wake];
    return {
      cancel: () => {
        this.#wakes = this.#wakes.filter((other) => other !== wake);
      },
    };
  }

  /** How many wait to be woken. */
  get pending(): number {
    return this.#wakes.length;
  }

  /** Moves the time on and wakes whoever is due, in order of time, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [due] = this.#wakes.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs);
      if (due === undefined) break;
      this.#wakes = this.#wakes.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.atMs);
      due.fn();
    }
    this.#now = end;
  }

  /** Moves the time on by seconds. */
  advanceSeconds(seconds: number): void {
    this.advance(seconds * 1000);
  }
}
