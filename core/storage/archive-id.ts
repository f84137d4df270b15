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
  /** The digits of the id. */
  readonly digits: string;
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
  let timeMs = -1;
  let time = "";
  let dashed = "";
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
    if (ms !== timeMs) {
      timeMs = ms;
      time = ms.toString(16).padStart(12, "0");
      dashed = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    }
    const random = nextRandom();
    const count = counter.toString(16).padStart(3, "0");
    return {
      id: `${dashed}${count}-${random.slice(0, 4)}-${random.slice(4)}`,
      digits: `${time}7${count}${random}`,
      ms,
      when: present / 1000,
    };
  };
}

/** Random bits of ids behind their variant, hexadecimal. */
function randomPieces(): () => string {
  let pool = "";
  let at = 0;
  return () => {
    if (at === pool.length) {
      const bytes = randomBytes(RANDOM_BYTES * IDS_AT_ONCE);
      for (let first = 0; first < bytes.length; first += RANDOM_BYTES) {
        bytes[first] = 0x80 | ((bytes[first] ?? 0) & 0x3f);
      }
      pool = bytes.toString("hex");
      at = 0;
    }
    return pool.slice(at, (at += RANDOM_BYTES * 2));
  };
}
