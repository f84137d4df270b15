import type { BareJid, Json, KeyvalPlusStore, KeyvalStore, MapStore, ModuleApi, WriteOptions } from "chorus-muc";
import type { OccupantRecord } from "./occupant-records.js";
import { publicEntry } from "./public-rooms.js";
import type { PublicRoomEntry } from "./room-api.js";
import type { LiveRoom } from "./room.js";

/**
 * What the list of public rooms knows of a stored room; `false`: it is not public. A name is all that earlier versions
 * kept.
 */
export type StoredEntry = PublicRoomEntry | false | string;

/** Where rooms are kept: Prosody's stores, an index of the public rooms, and who was in which room. */
export class RoomStores {
  /** Frozen rooms, by room node. */
  readonly config: KeyvalStore;
  /** Host level: every stored room's JID. */
  readonly persistent: MapStore<boolean>;
  /** Host level: every stored room, by JID. What is not there is yet to be made. */
  readonly public: MapStore<StoredEntry>;
  /** By room node and real JID. */
  readonly occupants: KeyvalPlusStore<OccupantRecord>;

  constructor(module: ModuleApi) {
    this.config = module.openStore("config", "keyval");
    this.persistent = module.openStore<boolean, "map">("persistent", "map");
    this.public = module.openStore<StoredEntry, "map">("public_rooms", "map");
    this.occupants = module.openStore<OccupantRecord, "keyval+">("occupants", "keyval+");
  }

  /** Stores a room. All in one turn, so it is one batch with whatever else the room's step writes. */
  put(room: LiveRoom, options?: WriteOptions): Promise<unknown> {
    return Promise.all([
      this.config.set(room.node, room.freeze() as unknown as Json, options),
      this.persistent.set(null, room.jid, true, options),
      this.public.set(null, room.jid, publicEntry(room) ?? false, options),
    ]);
  }

  /** Removes what is stored of a room. */
  remove(room: { readonly jid: BareJid; readonly node: string }, options?: WriteOptions): Promise<unknown> {
    return Promise.all([
      this.config.set(room.node, undefined, options),
      this.persistent.set(null, room.jid, undefined, options),
      this.public.set(null, room.jid, undefined, options),
      this.occupants.set(room.node, undefined, options),
    ]);
  }
}
