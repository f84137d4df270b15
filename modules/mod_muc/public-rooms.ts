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
    const start = after === undefined ? 0 : this.countUpTo(after);
    yield* this.slice(start, Math.min(start + limit, this.size));
  }

  /** Rooms by their places in the list, `end` exclusive. */
  *slice(start: number, end: number): Iterable<readonly [jid: BareJid, name: string | undefined]> {
    for (const jid of this.#list().slice(start, end)) yield [jid, this.#names.get(jid) || undefined];
  }

  /** How many rooms come before a JID, itself included: the place after it. It need not be a room's. */
  countUpTo(jid: string): number {
    return firstAfter(this.#list(), jid);
  }

  has(jid: string): boolean {
    return this.#names.has(jid as BareJid);
  }

  #list(): readonly BareJid[] {
    return (this.#sorted ??= [...this.#names.keys()].sort());
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
