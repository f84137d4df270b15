/** The fields of the form that a room is configured with: what is served, and what comes of each value. */
import type { Json } from "../../../core/index.js";

/** Values of a field, as in a form. */
export type Values = readonly string[];

/** One value of a field, and what it makes of the room. */
export interface Value {
  /** As submitted. */
  readonly submit: Values;
  /** As shown afterwards; default: as submitted. */
  readonly shown?: Values;
  /** What is stored under the field's key; `undefined`: nothing. */
  readonly stored?: Json;
  /** Features of the room. */
  readonly features?: readonly string[];
  /** Fields of its disco form. */
  readonly info?: Readonly<Record<string, string>>;
  /** Status codes of the notice; none: no notice. Default: 104. */
  readonly codes?: Values;
}

/** A field of the form, what is served of it and what may be submitted. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly datatype?: string;
  /** Of a new room. */
  readonly value: Values;
  readonly options?: readonly (readonly [value: string, label: string])[];
  /** Key in the room's `_data`. */
  readonly key: string;
  /** Submitted one after the other, to a room that has all the values of a new one. */
  readonly valid: readonly Value[];
  /** Refused; `[]`: no value at all. */
  readonly invalid: readonly Values[];
}

const BOOLEANS = {
  invalid: [["2"], ["yes"], ["perhaps"], [" 1"], [""]] as readonly Values[],
};

/** A boolean field that is stored as `true`, or not at all. @param off as shown: no value, or "0" */
function boolean(
  name: string,
  label: string,
  key: string,
  {
    off = [],
    on,
    info,
  }: { off?: Values; on?: readonly [off: string, on: string]; info?: readonly [string, string, string] },
): Field {
  const expect = (at: 0 | 1): Pick<Value, "features" | "info"> => ({
    ...(on && { features: [on[at]] }),
    ...(info && { info: { [info[0]]: info[(at + 1) as 1 | 2] } }),
  });
  return {
    name,
    type: "boolean",
    label,
    key,
    value: off,
    valid: [
      { submit: ["true"], shown: ["1"], stored: true, ...expect(1) },
      { submit: ["1"], stored: true, codes: [], ...expect(1) },
      { submit: ["0"], shown: off, ...expect(0) },
      { submit: ["false"], shown: off, codes: [], ...expect(0) },
    ],
    ...BOOLEANS,
  };
}

/** A text field whose emptiness removes what is stored. */
function text(name: string, type: string, label: string, key: string, value: Values, more: Partial<Field> = {}): Field {
  return { name, type, label, key, value, valid: [], invalid: [], ...more };
}

const length = (stored: number, more: Partial<Value> = {}): Value => ({ submit: [String(stored)], stored, ...more });

/** In the order in which they are served; a text is a heading. */
export const FORM: readonly (Field | string)[] = [
  "Room information",
  text("muc#roomconfig_roomname", "text-single", "Title", "name", [], {
    valid: [
      { submit: ["Attic"], stored: "Attic", info: { "muc#roomconfig_roomname": "Attic" } },
      { submit: ["Attic"], stored: "Attic", codes: [] },
      { submit: [""], shown: [], info: { "muc#roomconfig_roomname": "" } },
      { submit: [], codes: [] },
    ],
  }),
  text("muc#roomconfig_roomdesc", "text-single", "Description", "description", [""], {
    valid: [
      { submit: ["Mostly boxes"], stored: "Mostly boxes", info: { "muc#roominfo_description": "Mostly boxes" } },
      { submit: [""], info: { "muc#roominfo_description": "" } },
    ],
  }),
  text("muc#roomconfig_lang", "text-single", "Language tag for room (e.g. 'en', 'de', 'fr' etc.)", "language", [""], {
    datatype: "xs:language",
    valid: [
      { submit: ["cy"], stored: "cy", info: { "muc#roominfo_lang": "cy" } },
      { submit: ["zh-Hant-TW"], stored: "zh-Hant-TW", info: { "muc#roominfo_lang": "zh-Hant-TW" } },
      { submit: [""], info: { "muc#roominfo_lang": "" } },
    ],
    invalid: [["Klingon language"], ["en_GB"], ["-"], ["abcdefghi"]],
  }),
  boolean("muc#roomconfig_persistentroom", "Persistent (room should remain even when it is empty)", "persistent", {
    on: ["muc_temporary", "muc_persistent"],
  }),
  {
    name: "muc#roomconfig_publicroom",
    type: "boolean",
    label: "Include room information in public lists",
    key: "hidden",
    value: ["0"],
    valid: [
      { submit: ["1"], features: ["muc_public"] },
      { submit: ["true"], shown: ["1"], codes: [] },
      { submit: ["0"], stored: true, features: ["muc_hidden"] },
    ],
    ...BOOLEANS,
  },
  "Access to the room",
  text("muc#roomconfig_roomsecret", "text-private", "Password", "password", [""], {
    valid: [
      { submit: ["knock knock"], stored: "knock knock", features: ["muc_passwordprotected"] },
      { submit: ["knock knock"], stored: "knock knock", codes: [] },
      { submit: [""], features: ["muc_unsecured"] },
    ],
  }),
  boolean("muc#roomconfig_membersonly", "Only allow members to join", "members_only", {
    on: ["muc_open", "muc_membersonly"],
    info: ["muc#roomconfig_allowinvites", "1", "0"],
  }),
  boolean(
    "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites",
    "Allow members to invite new members",
    "allow_member_invites",
    { info: ["{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites", "0", "1"] },
  ),
  text("muc#roomconfig_maxusers", "text-single", "Maximum number of occupants", "max_occupants", [""], {
    valid: [
      { submit: ["30"], stored: 30, info: { "muc#roomconfig_maxusers": "30" } },
      { submit: ["none"], shown: [""], stored: 0 },
    ],
    invalid: [["-1"], ["0"], ["many"], ["1.5"], ["1e3"], ["99999999999"]],
  }),
  "Permissions in the room",
  boolean("muc#roomconfig_changesubject", "Allow anyone to set the room's subject", "changesubject", {
    info: ["muc#roomconfig_changesubject", "", "1"],
  }),
  boolean("muc#roomconfig_moderatedroom", "Moderated (require permission to speak)", "moderated", {
    on: ["muc_unmoderated", "muc_moderated"],
  }),
  {
    name: "muc#roomconfig_whois",
    type: "list-single",
    label: "Addresses (JIDs) of room occupants may be viewed by:",
    key: "whois",
    value: ["moderators"],
    options: [
      ["moderators", "Moderators only"],
      ["anyone", "Anyone"],
    ],
    valid: [
      { submit: ["anyone"], stored: "anyone", features: ["muc_nonanonymous"], codes: ["172"] },
      { submit: ["anyone"], stored: "anyone", codes: [] },
      { submit: ["moderators"], features: ["muc_semianonymous"], codes: ["173"] },
    ],
    invalid: [["friends"], [""], [], ["none"]],
  },
  "Other options",
  text(
    "muc#roomconfig_historylength",
    "text-single",
    "Maximum number of history messages returned by room",
    "history_length",
    ["20"],
    {
      datatype: "xs:integer",
      valid: [length(7), length(7, { codes: [] }), length(0), { submit: [""], shown: ["20"] }],
      invalid: [["-1"], ["1.5"], ["many"], ["1e2"], ["99999999999999999999"]],
    },
  ),
  text(
    "muc#roomconfig_defaulthistorymessages",
    "text-single",
    "Default number of history messages returned by room",
    "default_history_messages",
    ["20"],
    {
      datatype: "xs:integer",
      valid: [
        length(5),
        length(5, { codes: [] }),
        length(50, { shown: ["20"] }),
        length(0),
        { submit: [""], shown: ["20"] },
      ],
      invalid: [["-1"], ["1.5"], ["many"]],
    },
  ),
  {
    name: "muc#roomconfig_presencebroadcast",
    type: "list-multi",
    label: "Only show participants with roles:",
    key: "presence_broadcast",
    value: ["visitor", "participant", "moderator"],
    options: ["none", "visitor", "participant", "moderator"].map((role) => [role, role] as const),
    valid: [
      { submit: ["moderator"], stored: { moderator: true } },
      { submit: ["moderator", "moderator"], shown: ["moderator"], stored: { moderator: true }, codes: [] },
      {
        submit: ["moderator", "none"],
        shown: ["none", "moderator"],
        stored: { moderator: true, none: true },
      },
      { submit: ["participant", "visitor", "moderator"], shown: ["visitor", "participant", "moderator"] },
    ],
    invalid: [[], ["spectator"], ["moderator", "spectator"], [""]],
  },
  {
    name: "muc#roomconfig_allowpm",
    type: "list-single",
    label: "Allow private messages from",
    key: "allow_pm",
    value: ["visitor"],
    options: [
      ["visitor", "Everyone"],
      ["participant", "Participants"],
      ["moderator", "Moderators"],
      ["affiliated", "Members"],
      ["none", "No one"],
    ],
    valid: [
      { submit: ["participant"], stored: "participant" },
      { submit: ["participants"], shown: ["participant"], stored: "participant", codes: [] },
      { submit: ["moderators"], shown: ["moderator"], stored: "moderator" },
      { submit: ["members"], shown: ["affiliated"], stored: "affiliated" },
      { submit: ["none"], stored: "none" },
      { submit: ["anyone"], shown: ["visitor"] },
      { submit: ["everyone"], shown: ["visitor"], codes: [] },
      { submit: ["affiliated"], stored: "affiliated" },
      { submit: ["visitor"] },
    ],
    invalid: [["friends"], [""], [], ["owner"]],
  },
  boolean("{xmpp:prosody.im}muc#allow_modpm", "Always allow private messages to moderators", "allow_modpm", {
    off: ["0"],
  }),
  {
    name: "muc#roomconfig_enablearchiving",
    type: "boolean",
    label: "Archive chat on server",
    key: "archiving",
    value: ["1"],
    valid: [
      { submit: ["0"], stored: false, codes: ["171"] },
      { submit: ["false"], shown: ["0"], stored: false, codes: [] },
      { submit: ["1"], stored: true, features: ["urn:xmpp:mam:2"], codes: ["170"] },
    ],
    ...BOOLEANS,
  },
  text(
    "{urn:chorus-muc}roomconfig_archive_days",
    "text-single",
    "Days that messages stay in the archive",
    "archive_expires_after",
    [""],
    {
      datatype: "xs:integer",
      valid: [{ submit: ["3"], stored: 259_200 }, { submit: [""] }],
      invalid: [["0"], ["-1"], ["8"], ["soon"]],
    },
  ),
];
