import {
  Element,
  isElement,
  namespaceOf,
  nodeOf,
  xml,
  type ArchiveStore,
  type Clock,
  type ModuleApi,
} from "chorus-muc";
import {
  instanceOf,
  NS_MUC_USER,
  stanzaId,
  type BroadcastMessageEvent,
  type Room,
  type RoomData,
} from "chorus-muc/muc";
import type { ArchivePlace } from "./page.js";
import type { Quota } from "./quota.js";

/** Entries that are removed in one go; others may write in between. */
const SLICE = 1000;
/** Seconds by which the clocks of store and caller may differ. */
const CLOCK_TOLERANCE = 60;

/**
 * The archives of the rooms: Prosody's store `muc_log`, a room's archive under its local part.
 *
 * A room that was made here has an instance, and its archive is under `LOCALPART/INSTANCE`: a room that is made again
 * under an old name begins with an empty one, whatever is left of the old, also when this module was not loaded then.
 * One without was brought along from Prosody, with its archive.
 */
export class RoomArchives {
  readonly store: ArchiveStore;
  /** Several entries have one, if they were appended at the same time. */
  #latestWrite: Promise<void> | undefined;

  constructor(
    private readonly module: ModuleApi,
    private readonly clock: Clock,
    /** Wait until what is archived is on disk, not only until it survives the end of the process. */
    private readonly isSynced: boolean,
    private readonly quota: Quota,
  ) {
    this.store = module.openStore<never, "archive">("muc_log", "archive");
  }

  placeOf(room: Room): ArchivePlace {
    return { store: this.store, user: this.userOf(room.jid, room._data) };
  }

  /** Name of the archive of a room with that data. */
  userOf(jid: string, data: RoomData): string {
    const instance = instanceOf(data);
    const node = nodeOf(jid) ?? "";
    return instance === undefined ? node : `${node}/${instance}`;
  }

  /** Archives a message that is being sent, and gives it its id. Whoever gets it can count on finding it again. */
  keep(event: BroadcastMessageEvent): void {
    const { room, stanza } = event;
    const place = this.placeOf(room);
    const { id, written } = this.#append(room, place, archivedForm(room, stanza), "message<groupchat");
    stanza.append(stanzaId(room.jid, id));
    // A temporary room waits for nothing.
    if (room.getPersistent()) event.holdUntil(written);
    else room.noteWrite(written);
    const remove = (): void => {
      this.#remove(place.user, id);
    };
    event.onFailure(remove);
    room.onRollback(remove);
  }

  /** Archives that somebody came or went; nobody waits for that. */
  keepPresence(room: Room, presence: Element): void {
    const kind = presence.attrs["type"] === "unavailable" ? "presence<unavailable" : "presence";
    room.noteWrite(this.#append(room, this.placeOf(room), presence, kind).written);
  }

  #append(room: Room, place: ArchivePlace, stanza: Element, kind: string): ReturnType<ArchiveStore["append"]> {
    const sync = room.getPersistent() && (this.isSynced || "soon");
    const appended = this.store.append(place.user, null, stanza, undefined, kind, { sync });
    if (appended.written !== this.#latestWrite) this.#watch(room, appended.written);
    this.quota.added(room, place);
    return appended;
  }

  #watch(room: Room, written: Promise<void>): void {
    this.#latestWrite = written;
    written.catch((error: unknown) => {
      this.module.log("error", "%s: entries of the archive were not written: %s", room.jid, error);
    });
  }

  /** What was not sent after all. */
  #remove(user: string, id: string): void {
    const start = this.clock.now() / 1000 - CLOCK_TOLERANCE;
    this.store.delete(user, { key: id, start }, { sync: false }).catch((error: unknown) => {
      this.module.log("error", "a message that was not sent may still be archived: %s", error);
    });
  }

  /** Removes what is older than a time, or everything, a piece at a time. @param end unix seconds */
  async clear(user: string, end?: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const count = await this.store.delete(user, { limit: SLICE, ...(end !== undefined && { end }) }, { sync: false });
      removed += count;
      if (count < SLICE) return removed;
    }
  }
}

/**
 * A message as it is stored: with the real JID of who sent it where everybody may see that, else without. What it
 * consists of is the stanza's: it is to be turned into text, and no more.
 */
function archivedForm(room: Room, stanza: Element): Element {
  const form = new Element(stanza.name);
  for (const name in stanza.attrs) if (name !== "to") form.attrs[name] = stanza.attrs[name];
  form.children = stanza.children.filter((child) => !isElement(child) || namespaceOf(child) !== NS_MUC_USER);
  const occupant = room.getOccupantByNick(String(stanza.attrs["from"]));
  if (occupant && room.getWhois() === "anyone") {
    const { jid, bareJid, role } = occupant;
    const item = xml("item", { jid, affiliation: room.getAffiliation(bareJid), role });
    form.append(xml("x", { xmlns: NS_MUC_USER }, item));
  }
  return form;
}
