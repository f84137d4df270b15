import { isDeepStrictEqual } from "node:util";
import { nodeOf, type BareJid, type Json } from "chorus-muc";
import { thaw } from "./freeze.js";
import type { PublicRoomEntry } from "./room-api.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

/** How a change of the list is taken back. */
interface Journal {
  onRollback(undo: () => void): void;
}

/** What the list says of a room, as modules make it; `undefined`: it is not public. */
export function publicEntry(room: LiveRoom): PublicRoomEntry | undefined {
  if (room.getHidden()) return undefined;
  const name = room.getName();
  const entry: Record<string, Json> = {
    ...(name !== undefined && { name }),
    open: room.showsDetailsTo(),
    whois: room.getWhois(),
  };
  room.service.module.fireEvent("muc-public-room", { room, entry });
  return entry;
}

/** An entry as it is stored; before there were entries there were names. */
export function readEntry(stored: unknown): { readonly entry: PublicRoomEntry; readonly isCurrent: boolean } {
  if (typeof stored === "object" && stored !== null) return { entry: stored as PublicRoomEntry, isCurrent: true };
  return { entry: typeof stored === "string" && stored !== "" ? { name: stored } : {}, isCurrent: false };
}

/**
 * Makes the entries of rooms anew, from what is stored of them: an earlier version has left names only. The rooms are
 * not brought to life for it. Once all modules are there, which know what belongs into an entry.
 */
export async function listAnew(service: Service, jids: readonly BareJid[]): Promise<void> {
  const { module, stores, roomClass, publicRooms } = service;
  for (const jid of jids) {
    try {
      const frozen = thaw(jid, await stores.config.get(nodeOf(jid) ?? null));
      const entry = frozen && publicEntry(new roomClass(service, jid, frozen));
      publicRooms.set(jid, entry);
      await stores.public.set(null, jid, entry, { sync: false });
    } catch (error) {
      module.log("error", "%s is listed by its name alone: %s", jid, error);
    }
  }
  if (jids.length > 0) module.log("info", "%d public rooms are listed anew", jids.length);
}

/**
 * The list of public rooms with what is known of them, in order of JID: a page of it loads no room.
 *
 * Read from its store at the start, and kept in step with the rooms; temporary rooms are in it while they exist.
 */
export class PublicRooms {
  readonly #entries = new Map<BareJid, PublicRoomEntry>();
  #sorted: readonly BareJid[] | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** @param entry `undefined`: not public */
  set(jid: BareJid, entry: PublicRoomEntry | undefined, journal?: Journal): void {
    const before = this.#entries.get(jid);
    if (isDeepStrictEqual(before, entry)) return;
    this.#put(jid, entry);
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
    for (const jid of this.#list().slice(start, end)) yield [jid, this.#entries.get(jid)?.name];
  }

  /** How many rooms come before a JID, itself included: the place after it. It need not be a room's. */
  countUpTo(jid: string): number {
    return firstAfter(this.#list(), jid);
  }

  get(jid: string): PublicRoomEntry | undefined {
    return this.#entries.get(jid as BareJid);
  }

  has(jid: string): boolean {
    return this.#entries.has(jid as BareJid);
  }

  #list(): readonly BareJid[] {
    return (this.#sorted ??= [...this.#entries.keys()].sort());
  }

  #put(jid: BareJid, entry: PublicRoomEntry | undefined): void {
    if (!this.#entries.has(jid) || entry === undefined) this.#sorted = undefined;
    if (entry === undefined) this.#entries.delete(jid);
    else this.#entries.set(jid, entry);
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
