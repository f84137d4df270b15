import type { BareJid, Clock, ModuleApi } from "chorus-muc";
import type { Entry, Outbox } from "./outbox.js";
import { HEADERS, sign } from "./signature.js";

/** How events are delivered; times in seconds. */
export interface Delivery {
  readonly url: string;
  readonly secret: string;
  readonly timeout: number;
  /** Before the second attempt; doubled for each further one. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** After that an event is put aside. */
  readonly giveUpAfter: number;
  /** At a time. */
  readonly maxRequests: number;
}

/**
 * Empties the outbox: the events of a room one after the other, those of several rooms at a time. A room whose event is
 * not taken waits, longer each time; the others go on.
 */
export class Sender {
  /** Rooms with a request under way, or a pause. */
  readonly #busy = new Set<BareJid>();
  readonly #attempts = new Map<BareJid, number>();
  readonly #stopping = new AbortController();
  #requests = 0;

  constructor(
    private readonly module: ModuleApi,
    private readonly clock: Clock,
    private readonly outbox: Outbox,
    private readonly delivery: Delivery,
    private readonly counted: { delivered(): void; failed(): void },
  ) {}

  /** Delivers what can be delivered now. */
  pump(): void {
    for (const room of this.outbox.rooms()) {
      if (this.#requests >= this.delivery.maxRequests || this.#stopping.signal.aborted) return;
      const entry = this.#busy.has(room) ? undefined : this.outbox.next(room);
      if (entry) void this.#deliver(room, entry); // rejects never
    }
  }

  /** Ends what is under way: it is delivered by the next one. */
  stop(): void {
    this.#stopping.abort();
  }

  async #deliver(room: BareJid, entry: Entry): Promise<void> {
    this.#busy.add(room);
    this.#requests++;
    try {
      await this.#post(entry);
      if (this.#stopping.signal.aborted) return;
      this.#attempts.delete(room);
      this.counted.delivered();
      this.outbox.remove(entry);
      this.#busy.delete(room);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#failed(room, entry, error);
    } finally {
      this.#requests--;
    }
    this.pump();
  }

  #failed(room: BareJid, entry: Entry, error: unknown): void {
    this.counted.failed();
    const { id, type, time } = entry.event;
    const reason = error instanceof Error ? ((error.cause as Error | undefined) ?? error).message : String(error);
    if (this.clock.now() - Date.parse(time) >= this.delivery.giveUpAfter * 1000) {
      this.module.log("error", "%s of %s (%s) could not be delivered, and is put aside: %s", type, room, id, reason);
      this.#attempts.delete(room);
      this.outbox.bury(entry);
      this.#busy.delete(room);
      return;
    }
    const attempts = this.#attempts.get(room) ?? 0;
    this.#attempts.set(room, attempts + 1);
    const pause = Math.min(this.delivery.longestPause, this.delivery.firstPause * 2 ** attempts);
    this.module.log(attempts === 0 ? "warn" : "debug", "%s of %s was not taken: %s", type, room, reason);
    // Between half of it and all of it, so that rooms that failed together do not come back together.
    this.module.addTimer(pause * (0.5 + Math.random() / 2), () => {
      this.#busy.delete(room);
      this.pump();
      return undefined;
    });
  }

  async #post({ event }: Entry): Promise<void> {
    const { url, secret, timeout } = this.delivery;
    const body = JSON.stringify(event);
    const timestamp = Math.floor(this.clock.now() / 1000);
    const late = new AbortController();
    const timer = this.module.addTimer(timeout, () => {
      late.abort(new Error(`no answer within ${timeout} s`));
      return undefined;
    });
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          [HEADERS.id]: event.id,
          [HEADERS.timestamp]: String(timestamp),
          [HEADERS.signature]: sign(secret, timestamp, body),
        },
        body,
        redirect: "error",
        signal: AbortSignal.any([late.signal, this.#stopping.signal]),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`status ${response.status}`);
    } finally {
      timer.stop();
    }
  }
}
