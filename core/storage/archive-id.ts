import { randomBytes } from "node:crypto";

const COUNTER_LIMIT = 0x1000;

/** A name for a new entry, and the time in it. */
export interface ArchiveId {
  readonly id: string;
  /** Milliseconds since 1970; never less than that of the id before. */
  readonly ms: number;
}

/**
 * Makes ids that sort by time (UUID version 7, RFC 9562 §5.7) and, from one generator, in the order of making: where the
 * clock stands still or goes back, a 12-bit counter goes on in its place, and then the next millisecond.
 *
 * @param now milliseconds since 1970
 */
export function archiveIds(now: () => number): () => ArchiveId {
  let ms = 0;
  let counter = 0;
  return () => {
    const time = Math.floor(now());
    if (time > ms) {
      ms = time;
      counter = 0;
    } else if (++counter === COUNTER_LIMIT) {
      ms++;
      counter = 0;
    }
    const random = randomBytes(8);
    random[0] = 0x80 | ((random[0] ?? 0) & 0x3f);
    const hex = `${ms.toString(16).padStart(12, "0")}7${counter.toString(16).padStart(3, "0")}${random.toString("hex")}`;
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    return { id, ms };
  };
}
