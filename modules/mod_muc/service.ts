import type { Clock, Hosts, ModuleApi, Router } from "chorus-muc";
import { Directory } from "./directory.js";
import { IqRelay } from "./iq-relay.js";
import { OccupantRecords } from "./occupant-records.js";
import { PublicRooms } from "./public-rooms.js";
import { makeRoomClass } from "./room-extension.js";
import { RoomStores } from "./room-stores.js";

/** Options of the service, as read from the configuration. */
export interface MucOptions {
  /** Rooms without occupants that are kept in memory. */
  readonly roomCacheSize: number;
  /** Rooms in memory; `undefined`: no limit. */
  readonly maxRooms: number | undefined;
  /** Service admins are owners of every room. */
  readonly adminsAreOwners: boolean;
  readonly tombstones: boolean;
  /** Seconds. */
  readonly tombstoneExpiry: number;
  /** Occupants are told of a shutdown, and not taken back at the next start. */
  readonly shutdownNotice: boolean;
  /** Who sends presence and is not in the room is kicked explicitly, in place of an error. */
  readonly explicitKick: boolean;
}

function readOptions(module: ModuleApi): MucOptions {
  return {
    roomCacheSize: module.getOptionInteger("muc_room_cache_size", 100, 1),
    maxRooms: module.getOptionInteger("muc_max_rooms"),
    adminsAreOwners: module.getOptionBoolean("component_admins_as_room_owners", false),
    tombstones: module.getOptionBoolean("muc_tombstones", true),
    tombstoneExpiry: module.getOptionPeriod("muc_tombstone_expiry", "31 days"),
    shutdownNotice: module.getOptionBoolean("muc_shutdown_notice", false),
    explicitKick: module.getOptionBoolean("muc_explicit_kick", false),
  };
}

/** What the parts of the engine share: one per host that `mod_muc` is loaded on. */
export class Service {
  readonly options: MucOptions;
  readonly stores: RoomStores;
  readonly publicRooms = new PublicRooms(this);
  readonly directory: Directory;
  readonly records: OccupantRecords;
  readonly relay = new IqRelay();
  /** Class of this host's rooms: its prototype carries the methods that modules gave them. */
  readonly roomClass = makeRoomClass();

  constructor(
    readonly module: ModuleApi,
    readonly router: Router,
    readonly hosts: Hosts,
    readonly clock: Clock,
  ) {
    this.options = readOptions(module);
    this.stores = new RoomStores(module);
    this.directory = new Directory(this);
    this.records = new OccupantRecords(this, hosts.get(module.host)?.link !== undefined);
  }
}
