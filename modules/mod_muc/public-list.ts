import type { BareJid } from "chorus-muc";
import { compareCodePoints } from "./code-points.js";
import type { PagedList } from "./rsm.js";

/** JIDs of rooms in order; their ids in result sets are the JIDs themselves. */
export class PublicList implements PagedList {
  readonly #jids: BareJid[];

  /** @param jids in any order */
  constructor(jids: readonly BareJid[]) {
    this.#jids = jids.toSorted(compareCodePoints);
  }

  get size(): number {
    return this.#jids.length;
  }

  /** A copy of a part, `end` exclusive. */
  slice(start: number, end?: number): BareJid[] {
    return this.#jids.slice(start, end);
  }

  countUpTo(jid: string): number {
    let low = 0;
    let high = this.#jids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareCodePoints(this.#jids[middle] as string, jid) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(jid: string): boolean {
    return this.#jids[this.countUpTo(jid) - 1] === jid;
  }

  set(jid: BareJid, isPublic: boolean): void {
    const place = this.countUpTo(jid);
    const isThere = this.#jids[place - 1] === jid;
    if (isPublic && !isThere) this.#jids.splice(place, 0, jid);
    else if (!isPublic && isThere) this.#jids.splice(place - 1, 1);
  }
}
