import type { ModuleApi } from "chorus-muc";

/** Seconds that a message may be kept back: a module that forgets about it must not silence the room for good. */
const LONGEST_HOLD_SECONDS = 30;

/** What one message is kept back for, or several that came at about the same time. */
interface Hold {
  readonly reason: Promise<unknown>;
  /** Resolves when it is over, rejects when they may not leave. */
  readonly over: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (why: unknown) => void;
  readonly told: (() => void)[];
  isOver: boolean;
}

/** What messages of a room are kept back for. Those that are stored together wait together. */
export class MessageHolds {
  /** While it lasts. */
  #latest: Hold | undefined;

  constructor(private readonly module: Pick<ModuleApi, "addTimer">) {}

  /**
   * Waits for what a message is kept back for, but not too long.
   * @param told what to call when it is over, and before others learn of it by the promise
   * @returns the same promise for the same reason; rejects with why the message may not leave
   */
  until(reasons: readonly Promise<unknown>[], told: readonly (() => void)[]): Promise<void> {
    const reason = reasons.length === 1 ? (reasons[0] as Promise<unknown>) : Promise.all(reasons);
    const hold = this.#latest?.reason === reason ? this.#latest : this.#begin(reason);
    hold.told.push(...told);
    return hold.over;
  }

  #begin(reason: Promise<unknown>): Hold {
    let resolve!: () => void;
    let reject!: (why: unknown) => void;
    const over = new Promise<void>((...settle) => {
      [resolve, reject] = settle;
    });
    const hold: Hold = { reason, over, resolve, reject, told: [], isOver: false };
    this.#latest = hold;
    void this.#await(hold);
    return hold;
  }

  async #await(hold: Hold): Promise<void> {
    const timer = this.module.addTimer(LONGEST_HOLD_SECONDS, () => {
      this.#fail(hold, new Error(`kept back for more than ${LONGEST_HOLD_SECONDS} seconds`));
      return undefined;
    });
    try {
      await hold.reason;
    } catch (error) {
      this.#fail(hold, error);
    }
    timer.stop();
    if (hold.isOver) return;
    this.#end(hold);
    hold.resolve();
    for (const fn of hold.told) fn();
  }

  #fail(hold: Hold, why: unknown): void {
    this.#end(hold);
    hold.reject(why);
  }

  #end(hold: Hold): void {
    hold.isOver = true;
    if (this.#latest === hold) this.#latest = undefined;
  }
}
