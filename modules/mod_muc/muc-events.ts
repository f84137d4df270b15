import type {
  BareJid,
  DiscoEvent,
  Element,
  FullJid,
  Json,
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
import type { SentMessage } from "./sent-message.js";

/** A request may be refused by returning a `StanzaError`, or by these fields, which mean the same. */
export interface Refusable {
  /** `false` refuses. */
  allowed?: boolean | undefined;
  /** Default: cancel/not-allowed. */
  error?: StanzaError | undefined;
}

/** What a presence or message to a room brings. */
export interface RoomStanzaEvent extends StanzaEvent {
  /** The room it is addressed to. */
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
  /** Absent where somebody is told of who is affiliated and not in the room. */
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
  /** The message as the occupants get it, whatever becomes of `stanza`: cheaper to keep than a copy. */
  readonly sent: SentMessage;
  /**
   * Keeps the message back until a promise resolves: that of its being stored, for one. The room goes on meanwhile, and
   * what it sends afterwards leaves afterwards. If the promise rejects, or takes more than 30 s, nobody gets the message,
   * and its sender is told cancel/internal-server-error.
   */
  holdUntil(promise: Promise<unknown>): void;
  /** Calls `undo` if nobody gets the message, stopped or kept back for good: what was noted of it is taken back. */
  onFailure(undo: () => void): void;
  /** Calls `fn` when nothing keeps the message back any more: before its step ends, if nothing ever did. */
  onSent(fn: () => void): void;
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
export interface InviteEvent extends Omit<RoomStanzaEvent, "origin"> {
  /** Of who asks for it; absent when the room invites by itself. */
  readonly origin?: Origin | undefined;
  /** What goes out; may be changed in place. */
  readonly stanza: Element;
  /** What came in; its `from` is the inviter's real JID, or the room's when it invites by itself. */
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

/** A change of affiliation that the room is about to be told of, by presence or by a message (XEP-0045 §9, §10). */
export interface BroadcastAffiliationEvent {
  readonly room: Room;
  /** A bare JID or a domain. */
  readonly jid: BareJid;
  readonly affiliation: Affiliation;
  readonly previousAffiliation: Affiliation;
  /** By the presence of whom it concerns; otherwise by a message. */
  readonly inRoom: boolean;
  /**
   * Adds an element to the `<x xmlns=muc#user/>` that some sessions are told with, of those who see real JIDs. They are
   * told by message even where only moderators are. The last call counts.
   */
  addFor(sessions: ReadonlySet<FullJid>, element: Element): void;
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
 * The events of rooms: Prosody's names, on the bus of the host. `docs/events.md` is made of these declarations, and lists
 * the built-in handlers of each in their order.
 */
export interface MucEvents {
  // Life of a room

  /**
   * Somebody enters a room that does not exist; nothing of it is kept yet. A refusal leaves no trace of it. Does not fire
   * for rooms that modules create.
   */
  "muc-room-pre-create": Suspendable<RoomStanzaEvent>;
  /** A new room takes the defaults of the service; each module sets those of its own options. */
  "muc-room-defaults": {
    readonly room: Room;
    /** The creator's presence; `undefined` when a module created the room. */
    readonly stanza: Element | undefined;
  };
  /** A room is new: its creator has entered, or a module has created it, without a creator. */
  "muc-room-created": {
    readonly room: Room;
    readonly creator?: Occupant;
    /** The creator's presence. */
    readonly stanza?: Element;
    readonly origin?: Origin;
  };
  /** A room is being locked (XEP-0045 §10.1.3): nobody but owners enters until it is configured. */
  "muc-room-locked": { readonly room: Room };
  /** A room is being unlocked: it was configured. */
  "muc-room-unlocked": { readonly room: Room };
  /**
   * What is stored of a room was read, the room is not made of it yet. An error, or `false` for `resource-constraint`,
   * keeps the room shut for whoever asked for it.
   */
  "muc-room-pre-restore": Suspendable<
    {
      readonly jid: BareJid;
      /** What was stored; may be changed in place. */
      readonly data: FrozenRoom;
    },
    StanzaError | false
  >;
  /** A room was read from the store, and is there. */
  "muc-room-restored": { readonly jid: BareJid; readonly room: Room };
  /** A room is to be destroyed by request (XEP-0045 §10.9). An error refuses. Direct calls of `room.destroy` cannot wait. */
  "muc-pre-room-destroy": Suspendable<
    Refusable & {
      readonly room: Room;
      /** The `<x/>` that occupants will be sent. */
      readonly x: Element;
      /** Where to go instead. */
      newjid: string | undefined;
      reason: string | undefined;
      /** Of the room to go to. */
      password: string | undefined;
    },
    StanzaError
  >;
  /** A room has ended, everybody was told, and what is stored of it goes. Of an empty temporary room it tells `room` only. */
  "muc-room-destroyed": {
    readonly room: Room;
    readonly reason?: string | undefined;
    readonly newjid?: string | undefined;
    readonly password?: string | undefined;
  };

  // Coming and going

  /**
   * Somebody asks to be let in (XEP-0045 §7.2); an error keeps them out. Conditions that still hold when an asynchronous
   * handler has answered are also items, `muc-join-condition`.
   */
  "muc-occupant-pre-join": Suspendable<PreJoinEvent>;
  /** An occupant asks for another nick, or sends another status (XEP-0045 §7.6, §7.7). Stopped, all stays as it was. */
  "muc-occupant-pre-change": Suspendable<PreChangeEvent>;
  /** An occupant sends unavailable presence (XEP-0045 §7.14). Stopped, the session stays in the room. */
  "muc-occupant-pre-leave": Suspendable<PreLeaveEvent>;
  /** A nick is new in the room; everybody has been told. */
  "muc-occupant-joined": OccupantEvent;
  /** A session has entered, or asked for everything again: here it is sent what it missed. */
  "muc-occupant-session-new": OccupantEvent & {
    /** Its real JID. */
    readonly jid: FullJid;
    readonly stanza: Element;
    readonly origin: Origin;
  };
  /** A nick is gone: its last session left or was removed, or it was changed for another. */
  "muc-occupant-left": OccupantEvent;
  /**
   * A session has been let in, or asks for everything again, and has been sent nothing yet: what is sent here comes
   * before all presence. `x` goes with the session's own presence.
   */
  "muc-occupant-session-entering": OccupantEvent & {
    readonly jid: FullJid;
    readonly stanza: Element;
    readonly origin: Origin;
    readonly x: Element;
  };
  /**
   * Which role an affiliation brings on entering (XEP-0045 §5.1.2). The first role that a handler returns counts; `false`
   * and `none`: may not be in the room.
   */
  "muc-get-default-role": Stoppable<
    {
      readonly room: Room;
      readonly affiliation: Affiliation;
      /** -1 outcast, 0 none, 1 member, 2 admin, 3 owner. */
      readonly affiliationRank: number;
    },
    Role | false
  >;
  /**
   * `true`: what is said in the room is published, so that who enters is warned by status 170 (XEP-0045 §7.2.12). An
   * archive for those who may enter is nothing of the kind.
   */
  "muc-is-publicly-logged": Stoppable<{ readonly room: Room }, boolean>;

  // Presence

  /**
   * A form of an occupant's presence is built. It is kept until something in it changes: what else a handler adds by
   * needs `room.invalidatePresence(occupant)` when that changes.
   */
  "muc-build-occupant-presence": BuildPresenceEvent;
  /** The room is about to be told of an occupant's presence. */
  "muc-broadcast-presence": BroadcastPresenceEvent;

  // Messages

  /**
   * Somebody says something to the room (XEP-0045 §7.4); `from` of the stanza is still the real JID. An error refuses, any
   * other value drops the message, or means that the handler dealt with it.
   */
  "muc-occupant-groupchat": Suspendable<GroupchatEvent>;
  /**
   * A message is about to be sent to everybody, from an occupant or the room itself. A value: nobody gets it; an error is
   * told to the sender.
   */
  "muc-broadcast-message": Stoppable<BroadcastMessageEvent>;
  /** Does a message belong to the history? The first `true` or `false` counts. */
  "muc-message-is-historic": Stoppable<BroadcastMessageEvent, boolean>;
  /** A message belongs to the history, and is kept. `true`: it was, no other module need do so. */
  "muc-add-history": Stoppable<BroadcastMessageEvent, true>;
  /** Somebody who enters is to be shown what was said before (XEP-0045 §7.2.13). `true`: `nextStanza` was set. */
  "muc-get-history": Stoppable<GetHistoryEvent, true>;
  /** A message from one occupant to another (XEP-0045 §7.5). `false` or an error: not delivered. `true` ends the chain only. */
  "muc-private-message": Suspendable<PrivateMessageEvent>;
  /** Somebody asks the room to invite (XEP-0045 §7.8.2). An error refuses. */
  "muc-pre-invite": Suspendable<RoomStanzaEvent>;
  /** An invitation is on its way out. A value: not sent. */
  "muc-invite": Stoppable<InviteEvent>;
  /** Somebody declines an invitation (XEP-0045 §7.8.2). An error refuses. */
  "muc-pre-decline": Suspendable<RoomStanzaEvent>;
  /** A decline is on its way to who invited. A value: not sent. */
  "muc-decline": Stoppable<InviteEvent>;
  /** An occupant asks for voice (XEP-0045 §7.13). */
  "muc-voice-request": VoiceEvent;
  /** A moderator says whether somebody gets voice (XEP-0045 §8.6). */
  "muc-voice-response": VoiceEvent;
  /** A form of that `FORM_TYPE` came in a message to the room. `true`: it was seen to. Unhandled, it is refused. */
  [type: `muc-form-submitted/${string}`]: Suspendable<MessageFormEvent, StanzaError | true>;

  // Affiliations, roles, registration

  /**
   * An affiliation is to be changed, and the built-in checks allow it. An error refuses. `room.setAffiliation` fires it
   * too, and cannot wait; `setAffiliationAsync` and requests can.
   */
  "muc-pre-set-affiliation": Suspendable<SetAffiliationEvent, StanzaError>;
  /** An affiliation has changed, and the room is about to be told. */
  "muc-broadcast-affiliation": BroadcastAffiliationEvent;
  /** An affiliation was changed, and the room was told. */
  "muc-set-affiliation": SetAffiliationEvent & {
    /** Somebody whom it concerns was in the room. */
    readonly inRoom: boolean;
    /** Set by a handler that has told somebody outside the room of it, so that others need not. */
    isTold?: boolean;
  };
  /** A value that is kept with an affiliation was changed (`room.setAffiliationData`). */
  [key: `muc-set-affiliation-data/${string}`]: {
    readonly room: Room;
    readonly jid: BareJid;
    readonly key: string;
    readonly value: unknown;
    readonly oldValue: unknown;
  };
  /** A role is to be changed by somebody. An error refuses; `allowed = true` allows it without the built-in checks. */
  "muc-pre-set-role": Suspendable<SetRoleEvent, StanzaError>;
  /** A role was changed by `room.setRole`, on request or not; `none`: by a kick. Not by a change of affiliation. */
  "muc-set-role": {
    readonly room: Room;
    /** Real JID; `undefined`: the service itself. */
    readonly actor: string | undefined;
    readonly occupant: Occupant;
    readonly role: Role;
    readonly previousRole: Role;
    readonly reason: string | undefined;
  };
  /** May somebody without affiliation register? `undefined`: as `allow_unaffiliated_register` says. */
  "muc-registration-allowed": Stoppable<{ readonly room: Room; readonly jid: BareJid }, boolean>;
  /** The registration form is made, to be shown or to read what was submitted. */
  "muc-registration-form": RegistrationFormEvent;
  /**
   * Somebody registers with a room (XEP-0045 §7.10), and nothing is stored yet. An error refuses. `true`: it was received,
   * and is for the handler to see to; nothing changes now.
   */
  "muc-registration-submitted": Suspendable<RegistrationEvent, StanzaError | true>;
  /** Somebody takes a registration back. An error refuses. `true`: it was seen to, and no affiliation changes. */
  "muc-registration-pre-remove": Suspendable<RoomStanzaEvent & { readonly jid: BareJid }, StanzaError | true>;

  // Configuration and disco

  /**
   * What the list of public rooms says of a room is made, when the room is stored or loaded: modules add what they know
   * of it under keys of their own. `entry.open`: whether details may be among it.
   */
  "muc-public-room": { readonly room: Room; readonly entry: Record<string, Json> };
  /**
   * May somebody see the list of those with an affiliation (XEP-0045 §9.2, §9.5, §10.5, §10.8)? `actor`: their real JID.
   * The engine at -1: owners all, admins those that they can change, and members, in rooms where everybody sees real
   * JIDs, all but the bans.
   */
  "muc-may-see-list": Stoppable<
    { readonly room: Room; readonly actor: FullJid; readonly affiliation: Affiliation },
    boolean
  >;
  /** The form of a room's configuration is made (XEP-0045 §10.2): fields are pushed. Headings are at 100, 90, 80 and 70. */
  "muc-config-form": {
    readonly room: Room;
    /** Real JID of who will see it. */
    readonly actor: string;
    form: Form;
  };
  /** An owner has submitted a configuration that was read without fault, or an empty one; before the fields of it. */
  "muc-config-submitted": ConfigSubmittedEvent;
  /** A known field was submitted. An error refuses the whole form: nothing of it stays. */
  [field: `muc-config-submitted/${string}`]: Stoppable<
    ConfigSubmittedEvent & { readonly field: string; readonly value: FormValue },
    StanzaError
  >;
  /**
   * May somebody know of a room what those who enter learn: who is in it, what it talks about, its picture, its contacts
   * (XEP-0045 §14.4)? `false`: no. `true` ends the chain. Where nobody says anything, they may.
   */
  "muc-may-see-details": Stoppable<
    {
      readonly room: Room;
      /** Theirs, bare or full; `undefined`: anybody at all. */
      readonly jid: string | undefined;
    },
    boolean
  >;
  /**
   * disco#info of a room is made (XEP-0045 §6.4): features and identities are appended to `query`. What belongs to the
   * details of a room is added only where `showsDetails` says so.
   */
  "muc-disco#info": RoomDiscoEvent & {
    /** Fields of `muc#roominfo`, to be pushed. */
    readonly form: Form;
    /** Values of such fields by name. */
    readonly formdata: Record<string, FormValue>;
  };
  /** disco#info of a node of a room. A node that nobody hooks is not there. */
  [node: `muc-disco#info/${string}`]: RoomDiscoEvent;
}
