/** Leaves a service alone that has failed time after time: for a while, then one request may try it. */
export class Breaker {
  #failures = 0;
  #retryMs = 0;

  /** @param limit failures in a row; 0: it is never left alone */
  constructor(
    private readonly limit: number,
    private readonly pauseMs: number,
  ) {}

  /** The service is left alone. */
  get isOpen(): boolean {
    return this.limit > 0 && this.#failures >= this.limit;
  }

  /** Whether a request may be made now; while the service is left alone, one for each pause may. */
  admits(nowMs: number): boolean {
    if (!this.isOpen) return true;
    if (nowMs < this.#retryMs) return false;
    this.#retryMs = nowMs + this.pauseMs;
    return true;
  }

  /** @returns whether it was left alone until now */
  succeeded(): boolean {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    return wasOpen;
  }

  /** @returns whether it is left alone from now on */
  failed(nowMs: number): boolean {
    const wasOpen = this.isOpen;
    this.#failures++;
    if (this.isOpen) this.#retryMs = nowMs + this.pauseMs;
    return this.isOpen && !wasOpen;
  }
}
