import { nodeOf, parseStanza, serialise, type BareJid, type KeyvalStore, type ModuleApi } from "chorus-muc";
import type { Muc, Room, RoomState } from "chorus-muc/muc";
import { HistoryEntry } from "./entry.js";

/** The record of a room. */
interface StoredHistory {
  /** Which of the rooms of that name it is. */
  readonly instance?: string | undefined;
  /** Oldest first: text of each stanza, and when it was sent in unix seconds. */
  readonly messages: readonly (readonly [stanza: string, timestamp: number])[];
}

/**
 * Lets the history of a room outlive the room's time in memory: one record per room in the store `muc_history`, under
 * its local part. It is written when the room falls silent, not with each message.
 */
export class HistoryKeeper {
  readonly #store: KeyvalStore<StoredHistory>;
  /** There is a record of the room. */
  readonly #isStored: RoomState<boolean, boolean>;
  /** What was written last; a list that is changed is another list. */
  readonly #written = new WeakMap<Room, readonly HistoryEntry[]>();

  constructor(
    private readonly module: ModuleApi,
    private readonly muc: Muc,
    private readonly history: RoomState<readonly HistoryEntry[], readonly HistoryEntry[]>,
  ) {
    this.#store = module.openStore<StoredHistory>("muc_history");
    this.#isStored = module.roomState("history_stored", { default: false });
  }

  load(): void {
    this.#restoring();

    // Only rooms without occupants leave the memory, so this is the last moment to write, and mostly the only one.
    // Before the engine (-1) removes a temporary room; that one has nothing to keep.
    this.module.hook("muc-occupant-left", ({ room }) => {
      if (!room.hasOccupant() && room.getPersistent()) void this.#write(room);
    });
    // After the engine (-300) has sent the occupants away, unless the next start takes them back.
    this.module.hookGlobal(
      "server-stopping",
      async () => {
        const rooms = this.muc.liveRooms().filter((room) => room.getPersistent() || room.hasOccupant());
        await Promise.all(rooms.map((room) => this.#write(room)));
      },
      -400,
    );

    // What an earlier room of that name has left behind, when it was not destroyed in good order, is not this room's.
    this.module.hook("muc-room-created", ({ room }) => {
      const atOnce = this.#store.getSync?.(nodeOf(room.jid) ?? null);
      if (!atOnce || atOnce.value !== undefined) this.#remove(room);
    });
    this.module.hook("muc-room-destroyed", ({ room }) => {
      if (this.#isStored.get(room)) this.#remove(room);
    });
  }

  #restoring(): void {
    const restored = new Map<BareJid, StoredHistory>();
    this.module.hook("muc-room-pre-restore", ({ jid }) => {
      const keep = (record: StoredHistory | undefined): undefined => {
        if (record) restored.set(jid, record);
      };
      const node = nodeOf(jid) ?? null;
      const atOnce = this.#store.getSync?.(node);
      if (atOnce) return keep(atOnce.value);
      // A room without its history is better than no room.
      return this.#store
        .get(node)
        .then(keep)
        .catch(this.#report(`history of ${jid} could not be read`));
    });
    this.module.hook("muc-room-restored", ({ jid, room }) => {
      const record = restored.get(jid);
      if (!record) return;
      restored.delete(jid);
      this.#isStored.set(room, true);
      // Left by another room of the name, while nobody looked after it.
      if (record.instance !== room.instance) this.#remove(room);
      else this.history.set(room, parseHistory(jid, record));
    });
  }

  async #write(room: Room): Promise<undefined> {
    const entries = this.history.get(room);
    if (entries.length === 0 && !this.#isStored.get(room)) return;
    // Each of those who are sent away together leaves an empty room.
    if (this.#written.get(room) === entries) return;
    this.#written.set(room, entries);
    this.#isStored.set(room, entries.length > 0);
    await this.#store
      .set(nodeOf(room.jid) ?? null, recordOf(room, entries), { sync: false })
      .catch((error: unknown) => {
        this.#written.delete(room);
        this.#report(`history of ${room.jid} is not stored`)(error);
      });
  }

  /**
   * Writes the history of a room of which an older one is stored: what was taken out of it must not come back after a
   * crash.
   * @param being what is being sent, if it takes the other out: it is written with this, or not at all
   * @returns when it is on disk; `undefined` when none is stored
   */
  writeAgain(room: Room, being?: HistoryEntry): Promise<void> | undefined {
    if (!this.#isStored.get(room)) return undefined;
    this.#written.delete(room);
    return this.#store.set(nodeOf(room.jid) ?? null, recordOf(room, this.history.get(room), being));
  }

  /** See `MucHistories.forget`. */
  async forget(jid: BareJid, end: number): Promise<void> {
    const room = this.muc.getLiveRoomFromJid(jid);
    if (room) {
      const later = room.getHistory().filter(({ timestamp }) => timestamp > end);
      if (later.length === room.getHistory().length) return;
      room.setHistory(later);
      await this.writeAgain(room);
      return;
    }
    const node = nodeOf(jid) ?? null;
    const record = await this.#store.get(node);
    const messages = record?.messages.filter(([, timestamp]) => timestamp > end) ?? [];
    if (!record || messages.length === record.messages.length) return;
    await this.#store.set(node, messages.length === 0 ? undefined : { ...record, messages });
  }

  #remove(room: Room): void {
    this.#isStored.set(room, false);
    void this.#store
      .set(nodeOf(room.jid) ?? null, undefined, { sync: false })
      .catch(this.#report(`old history of ${room.jid} is still stored`));
  }

  #report(what: string): (error: unknown) => undefined {
    return (error) => {
      this.module.log("error", "%s: %s", what, error);
    };
  }
}

/** What is kept back may never have been said, and is no part of it. @param but what is, all the same */
function recordOf(room: Room, entries: readonly HistoryEntry[], but?: HistoryEntry): StoredHistory | undefined {
  const said = entries.filter((entry) => entry === but || !entry.isPending);
  if (said.length === 0) return undefined;
  const messages = said.map(({ stanza, timestamp }) => [serialise(stanza), timestamp] as const);
  return { instance: room.instance, messages };
}

function parseHistory(roomJid: BareJid, { messages }: StoredHistory): readonly HistoryEntry[] {
  return messages.map(([stanza, timestamp]) => new HistoryEntry(roomJid, parseStanza(stanza), timestamp));
}
