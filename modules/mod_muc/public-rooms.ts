import { nodeOf, type BareJid, type Json } from "chorus-muc";
import { compareCodePoints } from "./code-points.js";
import { thaw } from "./freeze.js";
import { PublicList } from "./public-list.js";
import type { PublicRoomEntry } from "./room-api.js";
import type { StoredEntry } from "./room-stores.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";
import { isTombstone } from "./tombstone.js";

/** Entries that are read at a time. */
const CHUNK = 1000;
/** More than so many are read along the store, fewer one by one. */
const FEW = 10;

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

/**
 * The list of public rooms with what is known of them, in order of JID: a page of it loads no room.
 *
 * What is known of stored rooms stays in their store, so that neither the start nor the memory of a service grows with
 * them; only their JIDs are read, when somebody first asks for the list, and kept in step with the rooms from then on.
 * Temporary rooms are in it while they exist.
 */
export class PublicRooms {
  readonly #service: Service;
  #list: Promise<PublicList> | undefined;
  #present: PublicList | undefined;
  /** What became of rooms while the list is being read. */
  #changes: Map<BareJid, boolean> | undefined;

  constructor(service: Service) {
    this.#service = service;
  }

  /** A room came, changed, or went. */
  set(jid: BareJid, isPublic: boolean, journal?: Journal): void {
    if (!this.#list) return;
    if (this.#present) this.#present.set(jid, isPublic);
    else this.#changes?.set(jid, isPublic);
    // What was before is in the store.
    journal?.onRollback(() => {
      this.#forget();
    });
  }

  /** Their JIDs. The list goes on to change with the rooms. */
  list(): Promise<PublicList> {
    if (!this.#list) {
      const list = this.#read();
      this.#list = list;
      list.catch(() => {
        if (this.#list === list) this.#forget();
      });
    }
    return this.#list;
  }

  /** What is known of rooms, without those that are public no longer. @param jids in order */
  async *entries(jids: readonly BareJid[]): AsyncGenerator<readonly [jid: BareJid, entry: PublicRoomEntry]> {
    for (let at = 0; at < jids.length; at += CHUNK) {
      const some = jids.slice(at, at + CHUNK);
      const stored = await this.#storedEntries(some);
      for (const jid of some) {
        const live = this.#service.directory.get(jid);
        const entry = live ? !isTombstone(live) && publicEntry(live) : stored.get(jid);
        if (typeof entry === "object") yield [jid, entry];
      }
    }
  }

  /** @param jids in order */
  async #storedEntries(jids: readonly BareJid[]): Promise<ReadonlyMap<string, StoredEntry | undefined>> {
    const store = this.#service.stores.public;
    const one = async (jid: BareJid): Promise<[string, StoredEntry | undefined]> => [jid, await store.get(null, jid)];
    const [first, last] = [jids.at(0), jids.at(-1)];
    if (first === undefined || last === undefined || jids.length <= FEW)
      return new Map(await Promise.all(jids.map(one)));
    const entries = new Map([await one(first)]);
    for await (const [jid, entry] of store.entries(null, { after: first })) {
      if (compareCodePoints(jid, last) > 0) break;
      entries.set(jid, entry);
    }
    return entries;
  }

  #forget(): void {
    this.#list = this.#present = this.#changes = undefined;
  }

  async #read(): Promise<PublicList> {
    const changes = new Map<BareJid, boolean>();
    this.#changes = changes;
    const { jids, unknown } = await this.#stored();
    for (let at = 0; at < unknown.length; at += CHUNK) {
      const some = unknown.slice(at, at + CHUNK);
      const made = await Promise.all(some.map((jid) => this.#make(jid)));
      for (const [place, jid] of some.entries()) if (made[place] === true) jids.push(jid);
    }
    for (const room of this.#service.directory.live()) {
      if (room.stored === "no" && !room.getHidden()) jids.push(room.jid);
    }
    const list = new PublicList(jids);
    for (const [jid, isPublic] of changes) list.set(jid, isPublic);
    if (this.#changes === changes) this.#present = list;
    return list;
  }

  /** Stored rooms that are public, and those of which the list knows nothing yet. */
  async #stored(): Promise<{ readonly jids: BareJid[]; readonly unknown: BareJid[] }> {
    const { persistent, public: listed } = this.#service.stores;
    const jids: BareJid[] = [];
    const unknown: BareJid[] = [];
    const entries = listed.entries(null)[Symbol.asyncIterator]();
    try {
      let entry = await entries.next();
      for await (const [jid] of persistent.entries(null)) {
        // What is listed and not stored is left from a room that another server has removed meanwhile.
        while (entry.done !== true && compareCodePoints(entry.value[0], jid) < 0) entry = await entries.next();
        const known = entry.done !== true && entry.value[0] === jid ? entry.value[1] : undefined;
        if (typeof known === "object") jids.push(jid as BareJid);
        else if (known !== false) unknown.push(jid as BareJid);
      }
    } finally {
      await entries.return?.();
    }
    return { jids, unknown };
  }

  /**
   * Makes the entry of a room from what is stored of it, which was not done here: another server has made the room, or
   * an earlier version. The room is not brought to life for it. @returns whether it is public
   */
  async #make(jid: BareJid): Promise<boolean> {
    const { module, stores, roomClass, directory } = this.#service;
    const live = directory.get(jid);
    if (live) return !isTombstone(live) && !live.getHidden();
    try {
      const frozen = thaw(jid, await stores.config.get(nodeOf(jid) ?? null));
      const entry = frozen && publicEntry(new roomClass(this.#service, jid, frozen));
      await stores.public.set(null, jid, entry ?? false, { sync: false });
      return entry !== undefined;
    } catch (error) {
      module.log("error", "%s is not listed: %s", jid, error);
      return false;
    }
  }
}
