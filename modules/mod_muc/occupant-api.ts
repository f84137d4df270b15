import type { BareJid, Element, FullJid, OccupantJid } from "chorus-muc";
import type { Role } from "./roles.js";

/**
 * Somebody in a room: one nick, with one or more sessions of one bare JID.
 *
 * The same object while the occupant is in the room, over nick changes too. It may carry fields of other modules,
 * declared by `declare module "chorus-muc/muc" { interface Occupant { … } }`. Only the room changes what is declared
 * here; `room.setRole` and `room.saveOccupant` ask it to.
 */
export interface Occupant {
  /** Bare real JID. */
  readonly bareJid: BareJid;
  /** Occupant JID, `room@service/nick`. */
  readonly nick: OccupantJid;
  /** `none` once the occupant has left. */
  readonly role: Role;
  /** Real JID of the primary session: the one whose presence others see, and which iqs are relayed to. */
  readonly jid: FullJid;
  /** Latest presence of each session, by real JID, as filtered; not to be changed. */
  readonly sessions: ReadonlyMap<FullJid, Element>;
  /** Real JID and presence of each session; a snapshot. */
  eachSession(): readonly (readonly [realJid: FullJid, presence: Element])[];
  /** Presence of a session, by default of the primary one. */
  getPresence(realJid?: string): Element | undefined;
}

/**
 * An occupant as it is about to be, in `muc-occupant-pre-join` and `-pre-change`: the nick and the role may be changed.
 * It becomes the occupant, or is merged into the one that is there, when no handler has refused.
 */
export interface OccupantDraft {
  /** Bare real JID of who it is for. */
  readonly bareJid: BareJid;
  /** Occupant JID. A changed one must be of the same room; on joining it is told to the client with status 210. */
  nick: OccupantJid;
  /** What they will be; `none` keeps them out. */
  role: Role;
  /** Real JID of the session that joins or changes, if there is one. */
  readonly jid: FullJid | undefined;
  /** The occupant that has this nick now, if any; of the same bare JID, unless the request ends in a conflict. */
  readonly existing: Occupant | undefined;
}
