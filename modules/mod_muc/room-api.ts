import type {
  BareJid,
  Element,
  ErrorCondition,
  ErrorType,
  FullJid,
  Json,
  OccupantJid,
  Origin,
  StanzaError,
  StanzaEvent,
} from "chorus-muc";
import type { Affiliation } from "./affiliations.js";
import type { Form } from "./form.js";
import type { Occupant, OccupantDraft } from "./occupant-api.js";
import type { Role } from "./roles.js";

/** Who may see real JIDs (XEP-0045 §4.2): everybody, or moderators only. */
export type Whois = "anyone" | "moderators";

/** Who asks for a change: a real JID, or `true` for the service itself, which may do anything. */
export type Actor = string | true;

/** What came of a request: `[true]`, or `[undefined, type, condition]` of the error to answer with. */
export type Outcome = readonly [true] | readonly [undefined, ErrorType, ErrorCondition, StanzaError?];

/**
 * What is stored about a bare JID beside its affiliation; other keys belong to the modules that set them. It goes with the
 * affiliation, but for keys that modules have named: `module.addItem("muc-lasting-affiliation-data", key)`.
 */
export interface AffiliationData {
  /** Nick (resource) that is kept for them. */
  reserved_nickname?: string;
  /** Why they have the affiliation, as who set it said. */
  reason?: string;
  [key: string]: unknown;
}

/**
 * The stored settings of a room, with Prosody's keys. The live object: what is written to it is stored when the room
 * is saved. Keys that nobody here knows survive. `module.roomState` is the typed way in.
 */
export interface RoomData {
  [key: string]: unknown;
}

/** A room as it is stored: Prosody's shape, with affiliations beside `_data`. */
export interface FrozenRoom {
  _jid: string;
  _data: RoomData;
  _affiliations: Record<string, Affiliation>;
  _affiliation_data: Record<string, AffiliationData>;
}

/** Additional content of a status broadcast, by who sees it; absent ones are `base`. */
export interface PresenceContent {
  readonly base: Element;
  /** For the occupant's own sessions. */
  readonly self?: Element;
  /** For those who see real JIDs. */
  readonly full?: Element;
  /** For those who do not. */
  readonly anon?: Element;
}

/**
 * What the list of public rooms knows of one, loaded or not: anybody may read it. Modules add to it by the event
 * `muc-public-room`; what belongs to the details of a room only where `open` says so.
 */
export interface PublicRoomEntry {
  readonly name?: string;
  /** The room shows its details to everybody: it is not for members only, and has no password. */
  readonly open?: boolean;
  readonly whois?: Whois;
  readonly [key: string]: Json | undefined;
}

/**
 * A room. Extended by modules through declaration merging, with `module.roomMethods` behind it.
 *
 * Everything that changes a room is part of one of its steps: what it sends leaves together, in order, when what it
 * changed is on disk; when that fails it is as if it had never been. Within a handler of a room's event a step is
 * under way already; from anywhere else a single call is a step by itself, and {@link run} makes one of several.
 */
export interface Room {
  /** Where it is. */
  readonly jid: BareJid;
  /** Live settings, as they are stored. */
  readonly _data: RoomData;
  /** A view made on demand: affiliations by bare JID or domain. */
  readonly _affiliations: Readonly<Record<string, Affiliation>>;
  /** A view made on demand. */
  readonly _affiliation_data: Readonly<Record<string, AffiliationData>>;
  /** A view made on demand: occupants by occupant JID. */
  readonly _occupants: Readonly<Record<string, Occupant>>;
  /** A view made on demand: occupant JIDs by real JID. */
  readonly _jid_nick: Readonly<Record<string, OccupantJid>>;
  /** While the room is destroyed: the reason, or `true`. */
  readonly destroying: string | true | undefined;

  // Steps

  /**
   * Runs `fn` as one step of the room, at once if the room is not waiting for a step to be written.
   * @returns what `fn` returns; a promise of it if the step waits, rejected with a `StanzaError` when it could not be
   *   written. Inside a step: `fn` is part of that step.
   * @param event the stanza that it is done for, once its handler has returned: what has to wait counts as its sender's
   *   (`Origin.backlog`)
   */
  run<R>(fn: () => R, event?: StanzaEvent): R | Promise<R>;
  /**
   * Within a step: something is being written that nothing of the step waits for. What is not written yet counts as
   * part of the stanza that the step is for (`Origin.backlog`), so that nobody sends faster than the disk writes.
   */
  noteWrite(written: Promise<unknown>): void;
  /** Calls `fn` when the step under way is done, and what it sent is on its way. Not called if the step fails. */
  onCommit(fn: () => void): void;
  /** Puts back what a module changed outside of `_data` and `roomState`, if the step under way fails; last in, first out. */
  onRollback(undo: () => void): void;
  /**
   * Asks for the room to be stored at the end of the step: always when it is persistent; when it is not, `forced`
   * removes what may be stored of it, as when it has just stopped being persistent.
   */
  save(forced?: boolean): true;
  /** The room as it is stored. */
  freeze(): FrozenRoom;
  /**
   * What tells it from earlier and later rooms of its name: what is kept of one must not be taken for another's.
   * `undefined`: it was not made here, but brought along.
   */
  readonly instance: string | undefined;

  // Occupants

  /** Number of occupants (nicks, not sessions). */
  readonly occupantCount: number;
  /** Whether anybody is in the room. */
  hasOccupant(): boolean;
  /** Occupant JID of a session. */
  getOccupantJid(realJid: string): OccupantJid | undefined;
  /** The live occupant of an occupant JID. */
  getOccupantByNick(occupantJid: string): Occupant | undefined;
  /** The live occupant that a session (full JID) belongs to. */
  getOccupantByRealJid(realJid: string): Occupant | undefined;
  /** Occupants in order of entry; a snapshot. */
  eachOccupant(): readonly (readonly [nick: OccupantJid, occupant: Occupant])[];
  /** A draft with the default role of that JID; nothing changes until it is saved. */
  newOccupant(bareJid: string, occupantJid: string): OccupantDraft;
  /** Takes over the nick and role of a draft; role `none` removes the occupant. @returns the occupant, while there is one */
  saveOccupant(occupant: OccupantDraft | Occupant): Occupant | undefined;
  /** Role that somebody of that affiliation enters with; fires `muc-get-default-role`. */
  getDefaultRole(affiliation: Affiliation): Role;
  /** Role of the occupant of that occupant JID; `none` when there is none. */
  getRole(occupantJid: string): Role;
  /**
   * Changes a role and tells the room; `none` removes the occupant with status 307 (XEP-0045 §8, §9.6).
   * Errors: modify/not-acceptable, modify/item-not-found, cancel/not-allowed, or what `muc-pre-set-role` says.
   */
  setRole(actor: Actor, occupantJid: string, role: Role, reason?: string): Outcome;
  /** The same, awaiting asynchronous handlers of `muc-pre-set-role`. */
  setRoleAsync(actor: Actor, occupantJid: string, role: Role, reason?: string): Outcome | Promise<Outcome>;
  /** Whether an actor could make that change; fires `muc-pre-set-role`. */
  maySetRole(actor: string, occupant: Occupant, role: Role): Outcome;

  // Affiliations

  /** Affiliation of a bare or full JID: `outcast` also when its domain is banned. */
  getAffiliation(jid: string): Affiliation;
  /** Bare JIDs and domains with their affiliation and data; a snapshot. */
  eachAffiliation(
    only?: Affiliation,
  ): readonly (readonly [jid: BareJid, affiliation: Affiliation, data: AffiliationData | undefined])[];
  /**
   * Changes an affiliation and tells the room (XEP-0045 §9, §10).
   * @param data replaces the data of that JID; `false` or `{}` clears it, `undefined` keeps it
   */
  setAffiliation(
    actor: Actor,
    jid: string,
    affiliation: Affiliation,
    reason?: string,
    data?: AffiliationData | false,
  ): Outcome;
  /** The same, awaiting asynchronous handlers of `muc-pre-set-affiliation`. */
  setAffiliationAsync(
    actor: Actor,
    jid: string,
    affiliation: Affiliation,
    reason?: string,
    data?: AffiliationData | false,
  ): Outcome | Promise<Outcome>;
  /** Data of a bare JID: the live object, to be changed within a step and followed by `save`. */
  getAffiliationData(bareJid: string): AffiliationData | undefined;
  /** One key of it; `undefined` when it is not set. */
  getAffiliationData(bareJid: string, key: string): unknown;
  /** Everybody of whom that key is stored, with an affiliation or without; a snapshot, the values live. */
  eachAffiliationData(key: string): readonly (readonly [jid: BareJid, value: unknown])[];
  /** Sets one key; `undefined` removes it. Fires `muc-set-affiliation-data/KEY` when it was something else. */
  setAffiliationData(bareJid: string, key: string, value: unknown): true;

  // Sending

  /** To every session of every occupant (for whom `condition` holds); turned into text once. */
  broadcast(stanza: Element, condition?: (nick: OccupantJid, occupant: Occupant) => boolean): void;
  /**
   * Fires `muc-broadcast-message`, then broadcasts.
   * @param onFailure called if a handler kept the message back and it could not be let go; what it sends leaves in the
   *   message's place
   */
  broadcastMessage(stanza: Element, onFailure?: (error: StanzaError) => void): true;
  /** To every session of an occupant. */
  routeToOccupant(occupant: Occupant, stanza: Element): void;
  /** Sends a stanza; `from` and `to` must be set. */
  routeStanza(stanza: Element): void;
  /**
   * Invites somebody (XEP-0045 §7.8.2) without asking whether the inviter may; fires `muc-invite`.
   * @param inviter real JID of an occupant, whose nick the invitation names; of others, and by default, the room does
   */
  invite(jid: string, inviter?: string): void;

  // Presence

  /** Appends the `<item/>` of an occupant: one without JID, or one per session. @returns `x` */
  buildItemList(
    occupant: Occupant,
    x: Element,
    anonymous: boolean,
    nick?: string,
    actorNick?: string,
    actorJid?: string,
    reason?: string,
  ): Element;
  /**
   * Tells the room (or one `recipient`) the present state of an occupant.
   * @param x the `<x xmlns=muc#user/>` to start from, with status codes
   * @param nick new nick, on a nick change
   * @param actor real JID of who did it
   * @param prevRole role before; who was visible then is told that the occupant has gone
   */
  publiciseOccupantStatus(
    occupant: Occupant,
    x: Element | PresenceContent,
    nick?: string,
    actor?: string,
    reason?: string,
    prevRole?: Role,
    forceUnavailable?: boolean,
    recipient?: Occupant,
  ): void;
  /** Sends the presence of the occupants to a session. */
  sendOccupantList(
    to: FullJid,
    filter?: (nick: OccupantJid | BareJid, occupant: Occupant | undefined) => boolean,
  ): void;
  /** Drops the stored text of an occupant's presence, or of all: what modules add to it has changed. */
  invalidatePresence(occupant?: Occupant): void;
  /** Whether real JIDs are hidden from somebody. */
  isAnonymousFor(jid: string): boolean;
  /** Answers a presence probe (XEP-0045 §17.3). */
  respondToProbe(origin: Origin, stanza: Element, prober: Occupant | undefined): void;
  /** Presence of a registered nick that is not in the room; `undefined` when nobody registered it. */
  buildUnavailablePresence(occupantJid: string, to: string): Element | undefined;

  // Removal

  /** Removes everybody; each is told with `x`. */
  clear(x?: Element): void;
  /** Destroys the room (XEP-0045 §10.9); refused by `muc-pre-room-destroy` when it answers an error. */
  destroy(newjid?: string, reason?: string, password?: string): Outcome;
  /** The same, awaiting asynchronous handlers of `muc-pre-room-destroy`. */
  destroyAsync(newjid?: string, reason?: string, password?: string): Outcome | Promise<Outcome>;

  // Forms and disco

  /**
   * Whether somebody may be told the details of the room: occupants, description, subject, contacts, picture and what
   * else is not needed to enter it. Everybody may, unless the room is hidden, for members only or has a password: then
   * only its occupants, members and above, and admins of the service. Fires `muc-may-see-details`.
   * @param jid bare or full; `undefined`: whoever it is
   */
  showsDetailsTo(jid?: string): boolean;

  /** The configuration form as that owner sees it. */
  getFormLayout(actor: string): Form;
  /**
   * Configures the room as its owner would by form, with the same checks and events (XEP-0045 §10.2). Within a step an
   * error that it throws has to be let through, so that the step is taken back; by itself it is a step, and nothing of
   * a refused configuration stays.
   * @param actor real JID; `true`: the service itself
   * @param values texts by field name, as a form has them; fields that are not among them stay as they are
   * @throws StanzaError, or rejects with it, when a value is refused; its text names the field
   */
  configure(actor: Actor, values: Readonly<Record<string, readonly string[]>>): void | Promise<void>;
  /** Answer to a disco#info request. */
  getDiscoInfo(stanza: Element): Element;
  /** Answer to a disco#items request: always empty, occupants are nobody's business. */
  getDiscoItems(stanza: Element): Element;

  // What the engine asks, and feature modules answer in full. Without the module: what `_data` says.

  /** What people call it (`muc_name`). */
  getName(): string | undefined;
  /** Whether it stays when the last occupant leaves (`muc_persistent`). */
  getPersistent(): boolean;
  /** Whether it is left out of the list of rooms (`muc_hidden`). */
  getHidden(): boolean;
  /** Whether only members may enter (`muc_members_only`). */
  getMembersOnly(): boolean;
  /** Who may see real JIDs (`muc_whois`). */
  getWhois(): Whois;
  /** Roles whose presence is shown. */
  getPresenceBroadcast(): ReadonlySet<Role>;
  /** The nick (resource) that somebody has reserved (`muc_register`). */
  getRegisteredNick(bareJid: string): string | undefined;
  /** Who has reserved a nick (resource). */
  getRegisteredJid(nick: string): BareJid | undefined;
}
