import type { ReadRate } from "chorus-muc";

/** Tells how long to read nothing, so that in the long run no more is read than the rate allows. */
export class ReadPace {
  readonly rate: ReadRate;
  /** What was read so far is due until then. */
  #dueMs = 0;

  constructor(rate: ReadRate) {
    this.rate = rate;
  }

  /** So many bytes were read. @returns seconds to wait before the next read; 0: none */
  read(bytes: number, nowMs: number): number {
    const { bytesPerSecond, burstSeconds } = this.rate;
    this.#dueMs = Math.max(this.#dueMs, nowMs) + (bytes / bytesPerSecond) * 1000;
    return Math.max(0, (this.#dueMs - nowMs) / 1000 - burstSeconds);
  }
}
