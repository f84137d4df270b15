import type { BareJid } from "chorus-muc";

/** How a change of the list is taken back. */
interface Journal {
  onRollback(undo: () => void): void;
}

/**
 * The list of public rooms with their names, in order of JID: a page of it loads no room.
 *
 * Read from its store at the start, and kept in step with the rooms; temporary rooms are in it while they exist.
 */
export class PublicRooms {
  readonly #names = new Map<BareJid, string>();
  #sorted: readonly BareJid[] | undefined;

  get size(): number {
    return this.#names.size;
  }

  /** @param name `undefined`: not public; empty: without a name */
  set(jid: BareJid, name: string | undefined, journal?: Journal): void {
    const before = this.#names.get(jid);
    if (before === name) return;
    this.#put(jid, name);
    journal?.onRollback(() => {
      this.#put(jid, before);
    });
  }

  /** A page, `after` exclusive. */
  *page({ after, limit = Infinity }: { readonly after?: string; readonly limit?: number } = {}): Iterable<
    readonly [jid: BareJid, name: string | undefined]
  > {
    this.#sorted ??= [...this.#names.keys()].sort();
    const sorted = this.#sorted;
    let left = limit;
    for (let i = after === undefined ? 0 : firstAfter(sorted, after); i < sorted.length && left > 0; i++, left--) {
      const jid = sorted[i] as BareJid;
      yield [jid, this.#names.get(jid) || undefined];
    }
  }

  #put(jid: BareJid, name: string | undefined): void {
    if (!this.#names.has(jid) || name === undefined) this.#sorted = undefined;
    if (name === undefined) this.#names.delete(jid);
    else this.#names.set(jid, name);
  }
}

/** Index of the first JID that comes after `after`. */
function firstAfter(sorted: readonly string[], after: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
