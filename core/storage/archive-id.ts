import { randomBytes } from "node:crypto";

const COUNTER_LIMIT = 0x1000;
/** Random bytes of an id, and of how many they are made at once: that costs much more than they do. */
const RANDOM_BYTES = 8;
const IDS_AT_ONCE = 256;
/** A clock that goes back further than this was wrong before, and its time is not held on to. */
const LONGEST_HOLD_MS = 3_600_000;

/** A name for a new entry, and times for it. */
export interface ArchiveId {
  readonly id: string;
  /** Milliseconds since 1970 in the id; never less than in the id before. */
  readonly ms: number;
  /** The present, in unix seconds. While the clock is behind what it showed before, by up to an hour, that instead. */
  readonly when: number;
}

/**
 * Makes ids that sort by time (UUID version 7, RFC 9562 §5.7) and, from one generator, in the order of making: where the
 * clock stands still or goes back, a 12-bit counter goes on in its place, and then the next millisecond.
 *
 * @param now milliseconds since 1970
 * @param last the latest `ms` of the generator before this one, to go on after; 0: none
 */
export function archiveIds(now: () => number, last: number): () => ArchiveId {
  const isCredible = last - now() <= LONGEST_HOLD_MS;
  let ms = isCredible ? last : 0;
  let counter = COUNTER_LIMIT - 1; // that millisecond is used up
  let present = ms;
  const nextRandom = randomPieces();
  return () => {
    const clock = Math.floor(now());
    if (clock > ms) {
      ms = clock;
      counter = 0;
    } else if (++counter === COUNTER_LIMIT) {
      ms++;
      counter = 0;
    }
    present = present - clock > LONGEST_HOLD_MS ? clock : Math.max(present, clock);
    const random = nextRandom();
    random[0] = 0x80 | ((random[0] ?? 0) & 0x3f);
    const hex = `${ms.toString(16).padStart(12, "0")}7${counter.toString(16).padStart(3, "0")}${random.toString("hex")}`;
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    return { id, ms, when: present / 1000 };
  };
}

function randomPieces(): () => Buffer {
  let pool = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === pool.length) {
      pool = randomBytes(RANDOM_BYTES * IDS_AT_ONCE);
      at = 0;
    }
    return pool.subarray(at, (at += RANDOM_BYTES));
  };
}
