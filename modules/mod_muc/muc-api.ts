import { createToken, type BareJid, type Element, type IqEvent, type StanzaError } from "chorus-muc";
import type { PublicRoomEntry, Room, RoomData } from "./room-api.js";
import type { RoomState, RoomStateOptions } from "./room-state.js";
import type { ChangeCondition, JoinCondition, MucEvents } from "./muc-events.js";

/** Why `createRoom` did not. */
export type CreateRoomError = "invalid-jid" | "room-exists" | "resource-constraint";

/** How `createRoom` makes a room. */
export interface RoomCreation {
  /** Part of the step that creates the room, before it is told of; if it throws, there is no room. */
  readonly prepare?: (room: Room) => void;
  /** Whether the room takes the place of a destroyed one of that name, too. */
  readonly replacesTombstone?: boolean;
}

/** A room in a list of all. */
export interface RoomEntry {
  readonly jid: BareJid;
  readonly name: string | undefined;
  readonly isPublic: boolean;
  readonly isPersistent: boolean;
  /** Nicks, not sessions. */
  readonly occupantCount: number;
}

/** What `module.depends("muc")` returns: the rooms of this host. */
export interface Muc {
  /**
   * Creates a room: no owner, not locked, not saved. Fires `muc-room-created`.
   * @param data settings; without them the defaults of new rooms apply
   * @returns the room; `room-exists` also where one was destroyed, until its tombstone's time is over
   */
  createRoom(
    jid: string,
    data?: RoomData,
    how?: RoomCreation,
  ): Promise<readonly [Room] | readonly [undefined, CreateRoomError]>;
  /** A room from memory, or from the store; `undefined` when there is none. Rejects when the store cannot tell. */
  getRoomFromJid(jid: string): Promise<Room | undefined>;
  /** A room that is in memory. */
  getLiveRoomFromJid(jid: string): Room | undefined;
  /**
   * Answers an iq that is addressed to a room, as the engine answers its own: within a step of the room, which is
   * loaded first if need be, when it is the sender's turn. The answer leaves when what the step changed is on disk, after
   * everything that the room sent meanwhile; where there is no room, it says so.
   *
   * ```ts
   * module.hook("iq-get/bare/urn:example:motto:motto", (event) =>
   *   muc.answerIq(event, (room) => xml("iq", {}, xml("motto", "urn:example:motto", room.getMotto()))),
   * );
   * ```
   *
   * @param fn a promise of the answer parks what the same sender sends to the room after it; `true`: it has called
   *   `event.defer()`, and answers later
   * @returns what the handler returns then
   */
  answerIq(
    event: IqEvent,
    fn: (room: Room) => Element | StanzaError | true | Promise<Element | StanzaError | true>,
  ): true;
  /** Rooms in memory; a snapshot. */
  liveRooms(): readonly Room[];
  /** Every room, those in memory first, then the stored ones, each loaded as it is reached. */
  allRooms(): AsyncIterable<Room>;
  /** Every public room with what the list knows of it, in order of JID; loads none. `after` is exclusive. */
  publicRooms(range?: {
    readonly after?: string;
    readonly limit?: number;
  }): AsyncGenerator<readonly [jid: BareJid, entry: PublicRoomEntry]>;
  /**
   * Every room of which there is something to know, in order of JID: those in memory, and what is stored of the others.
   * Loads none. @param range `after`: exclusive
   */
  roomEntries(range?: { readonly only?: "public" | "occupied"; readonly after?: string }): AsyncIterable<RoomEntry>;
  /** Number of public rooms. */
  countPublicRooms(): Promise<number>;
  /** Removes a room from memory and store, without a word to anybody; `room.destroy` is the polite way. */
  deleteRoom(room: Room): Promise<void>;
}

/** The rooms of the module's host. */
export const MucToken = createToken<Muc>("Muc", "muc");

declare module "chorus-muc" {
  interface HostEvents extends MucEvents {}

  interface ModuleExports {
    muc: Muc;
  }

  interface HostItems {
    "muc-join-condition": JoinCondition;
    "muc-change-condition": ChangeCondition;
    /** A key of affiliation data that stays when the affiliation goes. */
    "muc-lasting-affiliation-data": string;
  }

  interface ModuleApi {
    /** State that every room has, under a key of this module's choice; see {@link RoomState}. */
    roomState<T>(key: string, options: RoomStateOptions<T> & { readonly default: T }): RoomState<T, T>;
    /** Without a default: `undefined` while nothing is set. */
    roomState<T>(key: string, options?: RoomStateOptions<T>): RoomState<T>;
    /** Gives every room of the host methods, declared by merging into `Room`; `this` is the room. */
    roomMethods(methods: Partial<Room> & ThisType<Room>): void;
  }
}
