import type { BareJid, Json, StanzaError } from "chorus-muc";
import type { Room } from "./room-api.js";

/** What the value of an argument may be; it is checked and prepared before an action sees it. */
export type ActionArgumentKind =
  | "text"
  /** Of an occupant. */
  | "nick"
  /** A bare JID, or a domain. */
  | "jid"
  /** One of `choices`. */
  | "choice"
  /** Given or not. */
  | "flag"
  /** Fields of the room's configuration form: `NAME`, or `NAME=VALUE`, as often as there are values. */
  | "settings";

/** Something that an action wants to know. */
export interface ActionArgument {
  /** On a command line `--name`, or a word in its place; in a form a field of this name. */
  readonly name: string;
  readonly kind: ActionArgumentKind;
  /** For humans. */
  readonly label: string;
  /** On a command line with its name before it. Flags always are. */
  readonly isOption?: boolean;
  readonly required?: boolean;
  /** What a `choice` is among. */
  readonly choices?: readonly string[];
}

/** What an action is asked to do. */
export interface ActionRequest {
  /** Real JID of the admin, or the host's own when it is the operator, at the command line. */
  readonly actor: string;
  /** False: no server runs; the database was opened for this action alone. */
  readonly online: boolean;
  /** Values of arguments that are text, a nick, a JID or a choice, by name; prepared. */
  readonly texts: Readonly<Record<string, string | undefined>>;
  /** Names of the flags that were given. */
  readonly flags: ReadonlySet<string>;
  /** Fields of the configuration form by full name, with the texts they shall have, or `undefined` where just named. */
  readonly settings: ReadonlyMap<string, readonly string[] | undefined>;
}

/** Values by column or field: what is printed as JSON stands there as it is. */
export type ActionRow = Readonly<Record<string, Json>>;

/** Rows of one kind. */
export interface ActionTable {
  readonly kind: "table";
  /** Headings by key, in order. What rows have besides is in JSON only. */
  readonly columns: Readonly<Record<string, string>>;
  /** All rows; or those after the one whose first column has that value, so that a long list is shown page by page. */
  readonly rows: readonly ActionRow[] | ((after: string | undefined) => AsyncIterable<ActionRow>);
}

/** What comes of an action. A refusal is a `StanzaError`, whose text is shown. */
export type ActionAnswer =
  /** Something was done: a sentence, and the same as data. */
  | { readonly kind: "done"; readonly text: string; readonly data: ActionRow }
  /** What is known of one thing. */
  | { readonly kind: "record"; readonly fields: ActionRow }
  /** One value, which is all that is printed. */
  | { readonly kind: "value"; readonly name: string; readonly value: Json }
  | ActionTable;

interface ActionBase {
  /** A word, or several with hyphens: `chorusctl muc NAME`. */
  readonly name: string;
  /** Name of the ad-hoc command. */
  readonly title: string;
  /** One line for lists of commands. */
  readonly summary: string;
  readonly arguments: readonly ActionArgument[];
  /** Whether it changes something; that is logged. */
  readonly isChange?: boolean;
}

type Answered<T> = T | StanzaError | Promise<T | StanzaError>;

/**
 * Something that the operator, and admins of the service, can do with rooms: `module.addItem("muc-action", action)`.
 *
 * `mod_muc_admin` makes two things of it: `chorusctl muc NAME`, with and without a running server, and an ad-hoc
 * command (XEP-0050) for admins of the service. What is thrown as `StanzaError` is a refusal, too.
 */
export type RoomAction =
  /** About all rooms of a host. */
  | (ActionBase & {
      readonly target: "host";
      /** Does it. */
      run(request: ActionRequest): Answered<ActionTable>;
    })
  /** About a room that need not exist. */
  | (ActionBase & {
      readonly target: "address";
      /** Does it, whether there is such a room or not. */
      run(request: ActionRequest & { readonly jid: BareJid }): Answered<ActionAnswer>;
    })
  /** About a room, which is found first. */
  | (ActionBase & {
      readonly target: "room";
      /** Does it, within a step of the room. */
      run(request: ActionRequest & { readonly room: Room }): Answered<ActionAnswer>;
    });
