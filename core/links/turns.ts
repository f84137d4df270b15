/** Something that gathers what it is to do until {@link flush} is called. */
export interface Gatherer {
  flush(): void;
}

/** How long something gathered may wait for more, in milliseconds. */
const MAX_WAIT_MS = 1;
/** After a wait for nothing, so many flushes do without one. */
const FLUSHES_AT_ONCE = 16;

/**
 * Flushes everything that gathered in a turn of the event loop, together, once the turn is over.
 *
 * A write to a socket costs more than all else that is done for a small stanza. So where much comes in, it pays to look
 * whether more is there already: as long as each turn brings something, the flush waits for the next, a millisecond at
 * most. Where stanzas come one by one, nothing waits: whether waiting pays is tried once in a while.
 */
export class Turns {
  #gatherers: Gatherer[] = [];
  readonly #now: () => number;
  #isScheduled = false;
  /** Something was gathered since the last look. */
  #hasMore = false;
  #isUrgent = false;
  #isTried = false;
  #beganMs = 0;
  /** Flushes that do not wait before one that tries. */
  #atOnce = 0;

  /** @param now milliseconds that only go on */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Something begins to gather, and is to be flushed, once. */
  add(gatherer: Gatherer): void {
    this.#gatherers.push(gatherer);
    this.#hasMore = true;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#isTried = false;
    this.#beganMs = this.#now();
    this.#nextTurn();
  }

  /**
   * Something that was added has gathered more.
   * @param isMuch so much that nothing is waited for any longer
   */
  more(isMuch: boolean): void {
    this.#hasMore = true;
    if (isMuch) this.#isUrgent = true;
  }

  #nextTurn(): void {
    setImmediate(() => {
      this.#look();
    });
  }

  #look(): void {
    if (this.#waits()) {
      this.#hasMore = false;
      this.#isTried = true;
      this.#nextTurn();
      return;
    }
    this.#isScheduled = this.#isUrgent = false;
    const all = this.#gatherers;
    this.#gatherers = [];
    for (const gatherer of all) gatherer.flush();
  }

  #waits(): boolean {
    if (this.#isUrgent) return false;
    if (this.#isTried && !this.#hasMore) {
      this.#atOnce = FLUSHES_AT_ONCE;
      return false;
    }
    if (this.#atOnce > 0) {
      this.#atOnce--;
      return false;
    }
    return this.#now() - this.#beganMs < MAX_WAIT_MS;
  }
}
