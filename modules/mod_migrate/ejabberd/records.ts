import type { Term } from "./term.js";
import type { TextError } from "./text-error.js";

/** Records that are brought over one after the other: what comes later needs what came before. */
export type Phase = "users" | "rooms" | "messages";

/** Something that ejabberd stored. Addresses are as it wrote them. */
export type SourceRecord =
  | RoomRecord
  | NickRecord
  | AccountRecord
  | RosterRecord
  | RosterGroupRecord
  | PrivateRecord
  | CardRecord
  | MessageRecord
  | OtherRecord;

export interface RoomRecord {
  readonly kind: "room";
  readonly node: string;
  readonly host: string;
  /** Pairs of a name and a value. */
  readonly options: readonly Term[];
}

/** A nick that is somebody's in all rooms of a service. */
export interface NickRecord {
  readonly kind: "nick";
  readonly host: string;
  /** Whose: a bare JID. */
  readonly jid: string;
  readonly nick: string;
}

/** What belongs to a user. */
interface OfUser {
  readonly user: string;
  /** `undefined` where the source does not say; it is all of one host then. */
  readonly host: string | undefined;
}

export interface AccountRecord extends OfUser {
  readonly kind: "account";
  readonly secret: Secret;
  /** An account may have several secrets, one of a kind, in records of their own. */
  readonly isOneOfSeveral: boolean;
}

/** A password, or keys that were made of one (RFC 5802 §3), in base64. */
export type Secret =
  | { readonly kind: "plain"; readonly password: string }
  | {
      readonly kind: "scram";
      readonly hash: "sha" | "sha256" | "sha512";
      readonly storedKey: string;
      readonly serverKey: string;
      readonly salt: string;
      readonly iterations: number;
    };

export interface RosterRecord extends OfUser {
  readonly kind: "roster";
  readonly jid: string;
  readonly name: string;
  readonly subscription: string;
  readonly ask: string;
  readonly groups: readonly string[];
  /** What the contact said when asking for a subscription. */
  readonly askMessage: string;
}

/** A group of a contact, where groups have a table of their own. */
export interface RosterGroupRecord extends OfUser {
  readonly kind: "roster-group";
  readonly jid: string;
  readonly group: string;
}

export interface PrivateRecord extends OfUser {
  readonly kind: "private";
  /** An element, as XML. */
  readonly xml: string;
}

export interface CardRecord extends OfUser {
  readonly kind: "vcard";
  /** An element, as XML. */
  readonly xml: string;
}

/** An entry of an archive: of a room, or of what a user said to others. */
export interface MessageRecord {
  readonly kind: "message";
  readonly isOfRoom: boolean;
  readonly node: string;
  readonly host: string | undefined;
  /** Microseconds since 1970; clients know the message by that number. */
  readonly id: string;
  /** Real JID of who said it. */
  readonly peer: string | undefined;
  readonly nick: string;
  /** The stanza as it came to the server, as XML. */
  readonly xml: string;
}

/** Records that have no place here. */
export interface OtherRecord {
  readonly kind: "other";
  readonly table: string;
  readonly count: number;
}

/** A record of a source, or why it cannot be read. */
export interface Found {
  readonly value: SourceRecord | TextError;
  /** `undefined` where nobody knows what it would have been. */
  readonly table: string | undefined;
  /** Its place in the source. */
  readonly place: string;
  /** How much of the source was read by then, of 1, where that is known. */
  readonly fraction?: number;
}

/** Something that ejabberd wrote out, or stores. It is only read. */
export interface Source {
  /** What it is called in reports; no password is in it. */
  readonly name: string;
  /** The records of one phase, in order. */
  read(phase: Phase): AsyncIterable<Found>;
  close(): Promise<void>;
}

const PHASES: Readonly<Record<string, Phase>> = {
  muc_room: "rooms",
  archive: "messages",
  archive_msg: "messages",
};

/** When the records of a table are brought over. */
export function phaseOf(table: string | undefined): Phase {
  return table !== undefined && Object.hasOwn(PHASES, table) ? (PHASES[table] as Phase) : "users";
}
