import type {
  BareJid,
  DiscoEvent,
  Element,
  FullJid,
  OccupantJid,
  Origin,
  StanzaError,
  StanzaEvent,
  Stoppable,
  Suspendable,
} from "chorus-muc";
import type { Affiliation } from "./affiliations.js";
import type { Form, FormHeader, FormValue } from "./form.js";
import type { Occupant, OccupantDraft } from "./occupant-api.js";
import type { AffiliationData, FrozenRoom, Room } from "./room-api.js";
import type { Role } from "./roles.js";

/** A request may be refused by returning a `StanzaError`, or by these fields, which mean the same. */
export interface Refusable {
  allowed?: boolean | undefined;
  /** Default: cancel/not-allowed. */
  error?: StanzaError | undefined;
}

/** What a presence or message to a room brings. */
export interface RoomStanzaEvent extends StanzaEvent {
  readonly room: Room;
}

/** Somebody asks to be let in, with a first session or another one (XEP-0045 §7.2). */
export interface PreJoinEvent extends RoomStanzaEvent {
  /** The occupant to be; nick and role may be changed. */
  readonly occupant: OccupantDraft;
  /** Bare real JID of who joins. */
  readonly bareJid: BareJid;
  /** False when the nick is in the room already, with another session. */
  readonly isFirstSession: boolean;
  /** The room is being created by this join. */
  readonly isNewRoom: boolean;
}

/** An occupant asks for another nick, or sends another status (XEP-0045 §7.6, §7.7). */
export interface PreChangeEvent extends RoomStanzaEvent {
  readonly origOccupant: Occupant;
  /** What it is to become; the same nick when only the status changes. */
  readonly destOccupant: OccupantDraft;
  readonly bareJid: BareJid;
  /** `undefined`: the nick stays. True: nobody has the new nick. False: another session of the same user has it. */
  readonly isFirstSession: boolean | undefined;
  /** The old nick is left without a session, if the nick changes. */
  readonly isLastSession: boolean;
}

/** A session is about to leave by its own presence (XEP-0045 §7.14). */
export interface PreLeaveEvent extends RoomStanzaEvent {
  readonly occupant: Occupant;
  readonly isLastSession: boolean;
}

/** An occupant that has come or gone. */
export interface OccupantEvent {
  readonly room: Room;
  /** Occupant JID. */
  readonly nick: OccupantJid;
  readonly occupant: Occupant;
  /** The presence that caused it, if one of the occupant's own did. */
  readonly stanza?: Element;
  readonly origin?: Origin;
}

/** One form of an occupant's presence, while it is made. */
export interface BuildPresenceEvent {
  readonly room: Room;
  /** The presence, to be changed in place; `<x/>` is appended after all handlers ran. */
  stanza: Element;
  /** The `<x xmlns=muc#user/>`, before its items are added. */
  readonly x: Element;
  /** Absent when a registered nick is probed that is not in the room. */
  readonly occupant?: Occupant;
  /** Which form is built: with real JIDs, without, or for the occupant's own sessions. */
  readonly form: "full" | "anonymous" | "self";
  /** Resource of the new nick on a nick change; of an absent registered user, the registered nick. */
  readonly nick?: string | undefined;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
  /** Of an absent registered user. */
  readonly bareJid?: BareJid;
}

/** An occupant's presence that the room is about to be told of. */
export interface BroadcastPresenceEvent {
  readonly room: Room;
  /** The presence before the forms are made of it. What is added here is in this broadcast only, not in later ones. */
  stanza: Element;
  readonly x: Element;
  readonly occupant: Occupant;
  nick: string | undefined;
  actor: string | undefined;
  reason: string | undefined;
}

/** A message to the room, before it is sent to anybody (XEP-0045 §7.4). */
export interface GroupchatEvent extends RoomStanzaEvent {
  /** Real JID of the sender. */
  readonly from: FullJid;
  /** The sender; cleared by a handler, the message goes out in the name of the room. */
  occupant: Occupant | undefined;
}

/** A message on its way to everybody in the room. */
export interface BroadcastMessageEvent {
  readonly room: Room;
  /** `from` is the occupant's JID, or the room's. */
  readonly stanza: Element;
  /**
   * Keeps the message back until a promise resolves: that of its being stored, for one. The room goes on meanwhile, and
   * what it sends afterwards leaves afterwards. If the promise rejects, or takes more than 30 s, nobody gets the message,
   * and its sender is told cancel/internal-server-error.
   */
  holdUntil(promise: Promise<unknown>): void;
  /** Calls `undo` if the message was kept back and nobody gets it: what was noted of it is taken back. */
  onFailure(undo: () => void): void;
}

/** The history that somebody who enters is to be shown (XEP-0045 §7.2.13), stanza by stanza. */
export interface GetHistoryEvent {
  readonly room: Room;
  readonly stanza: Element;
  /** Real JID that it is for. */
  readonly to: FullJid;
  readonly maxchars: number | undefined;
  readonly maxstanzas: number | undefined;
  /** Unix seconds. */
  readonly since: number | undefined;
  /** Called until it returns `undefined`. */
  nextStanza: () => Element | undefined;
}

/** A message from one occupant to another (XEP-0045 §7.5). */
export interface PrivateMessageEvent extends RoomStanzaEvent {
  /** A copy, filtered; `from` and `to` are occupant JIDs. */
  readonly stanza: Element;
  readonly sender: Occupant;
  readonly recipient: Occupant;
}

/** A mediated invitation, or its decline, on its way out (XEP-0045 §7.8.2). */
export interface InviteEvent extends RoomStanzaEvent {
  /** What goes out; may be changed in place. */
  readonly stanza: Element;
  /** What came in. */
  readonly incoming: Element;
}

/** A request for voice, or a moderator's answer to it (XEP-0045 §7.13, §8.6). */
export interface VoiceEvent extends RoomStanzaEvent {
  readonly fields: Readonly<Record<string, FormValue>>;
  readonly occupant: Occupant;
}

/** A change of affiliation, asked for or made. */
export interface SetAffiliationEvent extends Refusable {
  readonly room: Room;
  /** Real JID; `undefined`: the service itself. */
  readonly actor: string | undefined;
  /** A bare JID or a domain. */
  readonly jid: BareJid;
  readonly affiliation: Affiliation;
  readonly previousAffiliation: Affiliation;
  readonly reason: string | undefined;
  /** What will be stored; set by a handler it counts only if the caller gave none and the affiliation is not `none`. */
  data: AffiliationData | undefined;
  /** A copy of what was stored. */
  readonly previousData: AffiliationData | undefined;
}

/** A change of role that somebody asks for. */
export interface SetRoleEvent extends Refusable {
  readonly room: Room;
  readonly actor: string;
  readonly occupant: Occupant;
  readonly role: Role;
}

/** A registration with a room, filled in and not stored yet (XEP-0045 §7.10). */
export interface RegistrationEvent extends RoomStanzaEvent {
  readonly submittedData: Readonly<Record<string, FormValue>>;
  /** What will be stored with the affiliation. */
  readonly affiliationData: AffiliationData;
}

/** Somebody asks what to fill in to register with a room, or has filled it in (XEP-0045 §7.10). */
export interface RegistrationFormEvent {
  readonly room: Room;
  readonly jid: BareJid;
  /** Fields are pushed; the first two are `FORM_TYPE` and the nick. */
  readonly form: Form;
  /** Values shown, by field name. */
  readonly values: Record<string, FormValue>;
  /** Title and instructions; none by default. */
  header: FormHeader;
}

/** A data form that somebody, occupant or not, sent to the room in a message. */
export interface MessageFormEvent extends RoomStanzaEvent {
  /** The `<x xmlns='jabber:x:data'/>`, of whatever type: it may be `cancel`. */
  readonly form: Element;
}

/** An owner's configuration of the room that was read without fault (XEP-0045 §10.2). */
export interface ConfigSubmittedEvent extends RoomStanzaEvent {
  /** Values by field name. */
  readonly fields: Readonly<Record<string, FormValue>>;
  /** Codes of the notice that is sent to the room afterwards (XEP-0045 §10.2.1). */
  readonly statusCodes: Set<string>;
  /** Real JID of the owner. */
  readonly actor: FullJid;
  /**
   * Calls the room's `set<Name>` with the value of a field when it was submitted and `get<Name>` says something else,
   * and adds status 104. A field that was submitted without a value is set to `undefined`.
   * @param name camelCase, without `get`
   * @param allowed values that are not among these are ignored
   * @returns whether it changed
   */
  updateOption(name: string, field: string, allowed?: ReadonlySet<FormValue>): boolean;
}

/** An answer to disco#info about a room, while it is made (XEP-0045 §6.4). */
export interface RoomDiscoEvent extends Pick<DiscoEvent, "stanza" | "reply" | "query"> {
  readonly room: Room;
  /**
   * Whether the asker sees the details of the room, as `room.showsDetailsTo` says: who is no part of a room that is
   * hidden, for members only or has a password is told what it is and what it can do, and no more.
   */
  readonly showsDetails: boolean;
}

/**
 * A condition for being let in, as an item: `module.addItem("muc-join-condition", condition)`.
 *
 * The same function is hooked on `muc-occupant-pre-join` at the module's priority, where it decides and in what order.
 * As an item it is asked once more, without firing the event again, when a join was parked by an asynchronous handler
 * and comes back: the room may have been locked, or got a password, meanwhile.
 */
export type JoinCondition = (event: PreJoinEvent) => StanzaError | undefined;

/** The same for a change of nick or status: hooked on `muc-occupant-pre-change`, and an item `muc-change-condition`. */
export type ChangeCondition = (event: PreChangeEvent) => StanzaError | undefined;

/**
 * The events of rooms: Prosody's names, on the bus of the host. Priorities are those of the built-in handlers.
 *
 * The order on `muc-occupant-pre-join`: nickname 2 and 1, reserved nick 0, members-only -5, banned -10, password -20,
 * locked -30. On `muc-room-pre-create`: lock 10, defaults 1, password and permission 0, ownership -1, room limit -1000.
 */
export interface MucEvents {
  // Life of a room

  /** Somebody enters a room that does not exist; nothing of it is kept yet. */
  "muc-room-pre-create": Suspendable<RoomStanzaEvent>;
  /**
   * A new room takes the defaults of the service; each module sets those of its own options. `stanza`: the creator's
   * presence, unless a module created the room.
   */
  "muc-room-defaults": { readonly room: Room; readonly stanza: Element | undefined };
  /** After the creator has joined; from `createRoom` without creator. */
  "muc-room-created": {
    readonly room: Room;
    readonly creator?: Occupant;
    readonly stanza?: Element;
    readonly origin?: Origin;
  };
  "muc-room-locked": { readonly room: Room };
  "muc-room-unlocked": { readonly room: Room };
  /** Data of a room was read, the room is not made yet; `data` may be changed. `false` or an error: the room is refused. */
  "muc-room-pre-restore": Suspendable<{ readonly jid: BareJid; readonly data: FrozenRoom }, StanzaError | false>;
  "muc-room-restored": { readonly jid: BareJid; readonly room: Room };
  /** Refused by an error; `newjid`, `reason` and `password` may be changed. `x`: what will be sent. */
  "muc-pre-room-destroy": Suspendable<
    Refusable & {
      readonly room: Room;
      readonly x: Element;
      newjid: string | undefined;
      reason: string | undefined;
      password: string | undefined;
    },
    StanzaError
  >;
  /** Everybody was told; what is stored of the room goes with it. An empty temporary room: `room` only. */
  "muc-room-destroyed": {
    readonly room: Room;
    readonly reason?: string | undefined;
    readonly newjid?: string | undefined;
    readonly password?: string | undefined;
  };

  // Coming and going

  "muc-occupant-pre-join": Suspendable<PreJoinEvent>;
  "muc-occupant-pre-change": Suspendable<PreChangeEvent>;
  /** Stopped, the session stays in the room. */
  "muc-occupant-pre-leave": Suspendable<PreLeaveEvent>;
  /** A nick is new in the room; everybody has been told. */
  "muc-occupant-joined": OccupantEvent;
  /** A session has entered, or asked for everything again; history 50, subject 20. */
  "muc-occupant-session-new": OccupantEvent & {
    readonly jid: FullJid;
    readonly stanza: Element;
    readonly origin: Origin;
  };
  /** A nick is gone: its last session left or was removed, or it was changed for another. */
  "muc-occupant-left": OccupantEvent;
  /** `false` and `none`: may not be in the room. Members-only 2, moderated 1, engine -1. */
  "muc-get-default-role": Stoppable<
    { readonly room: Room; readonly affiliation: Affiliation; readonly affiliationRank: number },
    Role | false
  >;

  // Presence

  /** A form of an occupant's presence is built; it is kept until something in it changes. */
  "muc-build-occupant-presence": BuildPresenceEvent;
  "muc-broadcast-presence": BroadcastPresenceEvent;

  // Messages

  /** `from` is still the real JID. Role check 50, subject 20. */
  "muc-occupant-groupchat": Suspendable<GroupchatEvent>;
  /** Anything but `undefined`: not broadcast. */
  "muc-broadcast-message": Stoppable<BroadcastMessageEvent>;
  /** Whether a message belongs to the history. */
  "muc-message-is-historic": Stoppable<BroadcastMessageEvent, boolean>;
  "muc-add-history": Stoppable<BroadcastMessageEvent, true>;
  "muc-get-history": Stoppable<GetHistoryEvent, true>;
  /** `false` or an error: not delivered. `true` ends the chain and nothing else. */
  "muc-private-message": Suspendable<PrivateMessageEvent>;
  "muc-pre-invite": Suspendable<RoomStanzaEvent>;
  /** Anything but `undefined`: not sent. */
  "muc-invite": Stoppable<InviteEvent>;
  "muc-pre-decline": Suspendable<RoomStanzaEvent>;
  "muc-decline": Stoppable<InviteEvent>;
  "muc-voice-request": VoiceEvent;
  /** From a moderator: the request is granted, or not. */
  "muc-voice-response": VoiceEvent;
  /** A form of that `FORM_TYPE` came in a message to the room. `true`: it was seen to; `undefined` is answered with an error. */
  [form: `muc-form-submitted/${string}`]: Suspendable<MessageFormEvent, StanzaError | true>;

  // Affiliations, roles, registration

  "muc-pre-set-affiliation": Suspendable<SetAffiliationEvent, StanzaError>;
  "muc-set-affiliation": SetAffiliationEvent & { readonly inRoom: boolean };
  [data: `muc-set-affiliation-data/${string}`]: {
    readonly room: Room;
    readonly jid: BareJid;
    readonly key: string;
    readonly value: unknown;
    readonly oldValue: unknown;
  };
  /** `allowed = true` allows it without the built-in checks. */
  "muc-pre-set-role": Suspendable<SetRoleEvent, StanzaError>;
  /** Whether somebody without affiliation may register; `undefined`: as `allow_unaffiliated_register` says. */
  "muc-registration-allowed": Stoppable<{ readonly room: Room; readonly jid: BareJid }, boolean>;
  /** The registration form is made, to be shown or to read what was submitted. */
  "muc-registration-form": RegistrationFormEvent;
  /** `true`: it was received, and is for the handler to see to; nothing changes now. Approval by admins -100. */
  "muc-registration-submitted": Suspendable<RegistrationEvent, StanzaError | true>;
  /** Somebody takes a registration back. `true`: it was seen to, and no affiliation changes. */
  "muc-registration-pre-remove": Suspendable<RoomStanzaEvent & { readonly jid: BareJid }, StanzaError | true>;

  // Configuration and disco

  /** Fields are pushed; headings are at 100, 90, 80 and 70, their fields below them. */
  "muc-config-form": { readonly room: Room; readonly actor: string; form: Form };
  /** Any accepted submission, an empty one too; before the fields. Unlock -1. */
  "muc-config-submitted": ConfigSubmittedEvent;
  /** A known field was submitted. An error refuses the whole form: nothing of it stays. */
  [field: `muc-config-submitted/${string}`]: Stoppable<
    ConfigSubmittedEvent & { readonly field: string; readonly value: FormValue },
    StanzaError
  >;
  /**
   * Whether somebody may know of a room what those who enter learn: who is in it, what it talks about, its picture, its
   * contacts (XEP-0045 §14.4). `jid`: theirs, bare or full; `undefined`: anybody at all. `false`: no. `true` ends the
   * chain, as does the engine at 10 for occupants, members and above, and admins of the service; members-only, hidden
   * and password 0. Where nobody says anything, they may.
   */
  "muc-may-see-details": Stoppable<{ readonly room: Room; readonly jid: string | undefined }, boolean>;
  /**
   * Features and identities are appended to `query`, fields to `form`; `formdata` gives values by field name. What
   * belongs to the details of a room is added only where `showsDetails` says so.
   */
  "muc-disco#info": RoomDiscoEvent & { readonly form: Form; readonly formdata: Record<string, FormValue> };
  [node: `muc-disco#info/${string}`]: RoomDiscoEvent;
}
