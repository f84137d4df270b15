import type { BareJid } from "chorus-muc";
import { TokenBucket, type Pace } from "./token-bucket.js";

/** Who has used up what. */
export type Exhausted = "occupant" | "room" | undefined;

/**
 * The buckets of one room: its own, and one for everybody who did something a moment ago, in it or not. They are kept by
 * bare JID, so that another nick, another client or coming back is no way to a full one.
 */
export class RoomBuckets {
  readonly #room: TokenBucket;
  readonly #people = new Map<BareJid, TokenBucket>();

  constructor(
    roomPace: Pace,
    private readonly occupantPace: Pace,
    nowMs: number,
  ) {
    this.#room = new TokenBucket(roomPace, nowMs);
  }

  /** Takes from somebody's own bucket, if there is enough in it. */
  spendOwn(jid: BareJid, cost: number, nowMs: number): Exhausted {
    const own = this.#people.get(jid) ?? new TokenBucket(this.occupantPace, nowMs);
    if (!own.has(cost, nowMs)) return "occupant";
    own.take(cost, nowMs);
    this.#people.set(jid, own);
    return undefined;
  }

  /** Takes from the room's bucket, if there is enough in it. */
  spendRoom(cost: number, nowMs: number): Exhausted {
    if (!this.#room.has(cost, nowMs)) return "room";
    this.#room.take(cost, nowMs);
    return undefined;
  }

  /** Takes from both, or from none of them: nobody pays for what is refused. */
  spend(jid: BareJid, cost: number, nowMs: number): Exhausted {
    if (!this.#room.has(cost, nowMs)) {
      const own = this.#people.get(jid);
      return own && !own.has(cost, nowMs) ? "occupant" : "room";
    }
    return this.spendOwn(jid, cost, nowMs) ?? this.spendRoom(cost, nowMs);
  }

  /** Forgets who has a full bucket again. @returns whether anything is left to be remembered */
  sweep(nowMs: number): boolean {
    for (const [jid, bucket] of this.#people) {
      if (bucket.isFull(nowMs)) this.#people.delete(jid);
    }
    return this.#people.size > 0 || !this.#room.isFull(nowMs);
  }
}
