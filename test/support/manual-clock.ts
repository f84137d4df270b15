import type { Clock } from "../../core/timers/clock.js";

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 1_800_000_000_000;
  readonly #alarms = new Set<{ readonly atMs: number; readonly fn: () => void }>();

  now(): number {
    return this.#now;
  }

  wakeAt(atMs: number, fn: () => void): { cancel(): void } {
    const alarm = { atMs, fn };
    this.#alarms.add(alarm);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /** Milliseconds until the next alarm; `undefined` when none is set. */
  get untilNext(): number | undefined {
    const next = [...this.#alarms].sort((a, b) => a.atMs - b.atMs)[0];
    return next && Math.max(0, next.atMs - this.#now);
  }

  /** Goes on by that much, alarm after alarm. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#alarms].filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs);
      if (!next) break;
      this.#now = Math.max(this.#now, next.atMs);
      this.#alarms.delete(next);
      next.fn();
    }
    this.#now = end;
  }
}
