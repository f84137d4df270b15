import { performance } from "node:perf_hooks";

/** Something that gathers what it is to do until {@link flush} is called. */
export interface Gatherer {
  flush(): void;
}

/** How long something gathered may wait for more, in milliseconds, as long as each turn brings some. */
const MAX_WAIT_MS = 1;
/** A flush that is expected to take so many milliseconds is worth a pause before it. */
const LONG_FLUSH_MS = 2;
/** So many tell what a flush of one takes. */
const MANY = 100;
/** How long such a pause is, in terms of what the flush is expected to take, and at most, in milliseconds. */
const PAUSE_FLUSHES = 1.5;
const MAX_PAUSE_MS = 5;
/** A pause for more than was expected has paid when so large a part of those that wait have gathered more in it. */
const PAID_PART = 0.1;
/** After a wait for nothing, so many flushes do without one; twice as many after the next, up to so many. */
const FEWEST_AT_ONCE = 16;
const MOST_AT_ONCE = 128;

/** What {@link Turns} go by. */
export interface TurnsClock {
  /** Milliseconds that only go on. */
  now(): number;
  /** Calls `fn` after so many milliseconds. */
  wait(ms: number, fn: () => void): void;
}

const SYSTEM: TurnsClock = {
  now: () => performance.now(),
  wait: (ms, fn) => {
    setTimeout(fn, ms);
  },
};

/** A way of waiting that is tried again once in a while after it was for nothing. */
class Attempt {
  /** Flushes that do without before the next one tries. */
  #without = 0;
  #next = FEWEST_AT_ONCE;

  /** Whether it is to be tried for this flush; asked once for each. */
  isDue(): boolean {
    if (this.#without === 0) return true;
    this.#without--;
    return false;
  }

  failed(): void {
    this.#without = this.#next;
    this.#next = Math.min(2 * this.#next, MOST_AT_ONCE);
  }

  paid(): void {
    this.#next = FEWEST_AT_ONCE;
  }
}

/**
 * Flushes everything that gathered in a turn of the event loop, together, once the turn is over.
 *
 * A write to a socket costs more than all else that is done for a small stanza. So where much comes in, it pays to look
 * whether more is there already: as long as each turn brings something, the flush waits for the next, a millisecond at
 * most. Where a flush takes long, as it does to a thousand occupants, it pauses until everybody has gathered as much as
 * by the one before: several who talk are answered by one flush then, and not in turns by several that take as long each.
 * Where stanzas come one by one, nothing waits: whether waiting pays is tried once in a while.
 */
export class Turns {
  #gatherers: Gatherer[] = [];
  readonly #clock: TurnsClock;
  /** What it does about what has gathered: nothing is there, its turn is not over, further turns pass, or a pause. */
  #state: "idle" | "first" | "turning" | "pausing" = "idle";
  /** Something was gathered since the last look. */
  #hasMore = false;
  /** How often something that had gathered already has gathered more. */
  #merged = 0;
  #isUrgent = false;
  /** Something is being read from which much comes; what its turn brings is there when it ends. */
  #isReading = false;
  /** When the first turn was over, in milliseconds. */
  #beganMs = 0;
  readonly #turn = new Attempt();
  readonly #pause = new Attempt();
  /** What one gatherer has taken of the latest flush of many, in milliseconds. */
  #msPerFlush = 0;
  /** How often each had gathered something, on average, by the long flushes before. */
  #depth = 1;
  /** A pause is over when {@link #merged} comes to this. */
  #enough = 0;

  constructor(clock: TurnsClock = SYSTEM) {
    this.#clock = clock;
  }

  /** Something begins to gather, and is to be flushed, once. */
  add(gatherer: Gatherer): void {
    this.#gatherers.push(gatherer);
    this.#hasMore = true;
    if (this.#state !== "idle") return;
    this.#state = "first";
    if (!this.#isReading) this.#nextTurn();
  }

  /**
   * Has something read that one peer has sent for many, as a server does for its users: what is gathered by it does not
   * wait for the end of the turn, as there is nobody else whom the turn would bring more from.
   */
  read<T>(reader: { write(data: T, length: number): void }, data: T, length: number): void {
    if (this.#state !== "idle" || this.#isReading) {
      reader.write(data, length);
      return;
    }
    this.#isReading = true;
    try {
      reader.write(data, length);
    } finally {
      const isAtOnce = this.#isReading;
      this.#isReading = false;
      if (isAtOnce && this.#gatherers.length > 0) this.#look();
    }
  }

  /** What is gathered by what is being read does wait for the end of the turn: something else has to begin before it leaves. */
  waitForEnd(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    if (this.#gatherers.length > 0) this.#nextTurn();
  }

  /** Something that was added has gathered more. */
  more(): void {
    this.#hasMore = true;
    if (++this.#merged === this.#enough) this.urge();
  }

  /** Nothing more is waited for. */
  urge(): void {
    if (this.#isUrgent) return;
    this.#isUrgent = true;
    if (this.#state === "pausing") this.#nextTurn();
  }

  #nextTurn(): void {
    setImmediate(() => {
      this.#look();
    });
  }

  #look(): void {
    if (this.#state === "idle") return; // a pause was over before
    if (!this.#isUrgent && (this.#waitsForTurn() || this.#pauses())) return;
    this.#flush();
  }

  /** Whether the flush waits for what the next turn brings. */
  #waitsForTurn(): boolean {
    if (this.#state === "first") {
      if (!this.#turn.isDue()) return false;
      this.#beganMs = this.#clock.now();
    } else if (!this.#hasMore) {
      this.#turn.failed();
      return false;
    } else {
      this.#turn.paid();
      if (this.#clock.now() - this.#beganMs >= MAX_WAIT_MS) return false;
    }
    this.#state = "turning";
    this.#hasMore = false;
    this.#nextTurn();
    return true;
  }

  /** Whether the flush is so long that it pauses before. */
  #pauses(): boolean {
    const paused = this.#gatherers;
    const expectedMs = paused.length * this.#msPerFlush;
    if (expectedMs < LONG_FLUSH_MS) return false;
    const before = this.#merged;
    const enough = Math.ceil((this.#depth - 1) * paused.length);
    const isTrying = before >= enough;
    if (isTrying && !this.#pause.isDue()) return false;
    this.#state = "pausing";
    this.#enough = isTrying ? Infinity : enough;
    this.#clock.wait(Math.min(expectedMs * PAUSE_FLUSHES, MAX_PAUSE_MS), () => {
      // Unless it was flushed meanwhile, as enough had come.
      if (this.#gatherers !== paused) return;
      const hasPaid = this.#merged - before >= paused.length * PAID_PART;
      if (hasPaid) this.#pause.paid();
      else if (isTrying) this.#pause.failed();
      this.#flush();
    });
    return true;
  }

  #flush(): void {
    const all = this.#gatherers;
    const merged = this.#merged;
    this.#gatherers = [];
    this.#merged = this.#enough = 0;
    this.#state = "idle";
    this.#isUrgent = false;
    if (all.length < MANY) {
      for (const gatherer of all) gatherer.flush();
      return;
    }
    const began = this.#clock.now();
    for (const gatherer of all) gatherer.flush();
    const tookMs = this.#clock.now() - began;
    this.#msPerFlush = tookMs / all.length;
    if (tookMs >= LONG_FLUSH_MS) this.#depth = Math.max(1 + merged / all.length, this.#depth - 1, 1);
  }
}

/** The turns of all sockets. */
export const socketTurns = new Turns();
