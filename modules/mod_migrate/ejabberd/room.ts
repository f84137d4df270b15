import { randomUUID } from "node:crypto";
import { parseBareJid, resourceprep, type Json } from "chorus-muc";
import { parseAffiliation, type Affiliation, type AffiliationData, type FrozenRoom } from "chorus-muc/muc";
import { addressOf } from "./dump.js";
import { RoomOptions, type Tell } from "./room-options.js";
import { atomOf, isBinary, itemsOf, listOf, textOf, type Term } from "./term.js";

/** Key of `_data` under which options stay that nothing here does. */
const KEPT = "ejabberd";
const ALL_ROLES = "moderator,participant,visitor";

/** A room of ejabberd's, as Chorus stores it. */
export interface ImportedRoom {
  readonly room: FrozenRoom;
  readonly isPersistent: boolean;
  /** XML, or nothing. */
  readonly vcard: string;
  /** Whether ejabberd made occupant ids with a secret of the room. */
  readonly hadOccupantIds: boolean;
}

/** What is known of a room besides its options. */
export interface RoomContext {
  /** The nick that somebody has in all rooms of the service. */
  nickOf(jid: string): string | undefined;
  /** Its secret for occupant ids, if it was brought over before. */
  readonly salt: string | undefined;
  readonly tell: Tell;
}

/** @param jid the room's, prepared @throws TextError where it cannot be understood */
export function toRoom(jid: string, written: readonly Term[], context: RoomContext): ImportedRoom {
  const { tell } = context;
  const options = new RoomOptions(written, tell);
  const affiliations = affiliationsIn(options.take("affiliations"), tell);
  const hats = hatsIn(options, tell);
  const isPersistent = options.takeBoolean("persistent", false);
  const vcard = options.takeText("vcard");
  const hadOccupantIds = saltIn(options.take("salt"));
  const data: Record<string, Json | undefined> = {
    persistent: isPersistent || undefined,
    name: options.takeText("title") || undefined,
    description: options.takeText("description") || undefined,
    language: options.takeText("lang") || undefined,
    hidden: !options.takeBoolean("public", true) || undefined,
    members_only: options.takeBoolean("members_only", false) || undefined,
    allow_member_invites: options.takeBoolean("allow_user_invites", false) || undefined,
    whois: options.takeBoolean("anonymous", true) ? undefined : "anyone",
    changesubject: options.takeBoolean("allow_change_subj", true) || undefined,
    password: passwordIn(options),
    ...voicesIn(options, affiliations),
    lock_visitor_nicks: !options.takeBoolean("allow_visitor_nickchange", true) || undefined,
    presence_broadcast: broadcastIn(options),
    max_occupants: capIn(options),
    archiving: archivingIn(options.take("mam")),
    pubsub: options.takeText("pubsub") || undefined,
    ...privateMessagesIn(options),
    ...subjectIn(jid, options),
    occupant_id_salt: context.salt ?? randomUUID(),
  };
  const rest = options.rest();
  if (Object.keys(rest).length > 0) data[KEPT] = rest;
  const affiliationData: Record<string, AffiliationData> = {};
  const extend = (whose: string, more: AffiliationData): void => {
    affiliationData[whose] = { ...affiliationData[whose], ...more };
  };
  for (const [whose, { reason }] of affiliations) if (reason !== "") extend(whose, { reason });
  for (const [whose, worn] of hats) extend(whose, { hats: worn });
  for (const [whose, nick] of nicksIn(affiliations, context)) extend(whose, { reserved_nickname: nick });
  return {
    room: {
      _jid: jid,
      _data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)),
      _affiliations: Object.fromEntries([...affiliations].map(([whose, { affiliation }]) => [whose, affiliation])),
      _affiliation_data: affiliationData,
    },
    isPersistent,
    vcard,
    hadOccupantIds,
  };
}

interface Affiliated {
  readonly affiliation: Affiliation;
  readonly reason: string;
}

function affiliationsIn(term: Term | undefined, tell: Tell): Map<string, Affiliated> {
  const affiliations = new Map<string, Affiliated>();
  for (const entry of term === undefined ? [] : listOf(term)) {
    const [whose, value] = itemsOf(entry, 2) ?? [];
    const [word, reason] = itemsOf(value, 2) ?? [value];
    const affiliation = parseAffiliation(atomOf(word) ?? "");
    if (affiliation === "none") continue;
    const jid = parseBareJid(bareOf(whose));
    if (affiliation === undefined || jid === undefined) tell("lost", `the affiliation of ${bareOf(whose)} is none`);
    else if (affiliations.has(jid)) {
      tell("lost", `there are two affiliations of ${jid}, once it is prepared: it stays ${affiliations.get(jid)?.affiliation ?? ""}`); // prettier-ignore
    } else affiliations.set(jid, { affiliation, reason: isBinary(reason) ? textOf(reason) : "" });
  }
  return affiliations;
}

/** A bare JID of a tuple, as it is written. */
function bareOf(term: Term | undefined): string {
  return addressOf(term).replace(/\/[^]*$/, "");
}

/** Hats by JID: in each an address with URIs, and titles either there or in a list of all hats. */
function hatsIn(options: RoomOptions, tell: Tell): Map<string, Record<string, Json>> {
  const titles = new Map<string, string>();
  for (const entry of listOf(options.take("hats_defs") ?? [])) {
    const [uri, hat] = itemsOf(entry, 2) ?? [];
    titles.set(textOf(uri), textOf(itemsOf(hat)?.[0] ?? hat));
  }
  const hats = new Map<string, Record<string, Json>>();
  for (const entry of listOf(options.take("hats_users") ?? [])) {
    const [whose, worn] = itemsOf(entry, 2) ?? [];
    const jid = parseBareJid(bareOf(whose));
    if (jid === undefined) {
      tell("lost", `the hats of ${bareOf(whose)} are of no address`);
      continue;
    }
    const own = listOf(worn).map((hat) => {
      const [uri, title] = itemsOf(hat, 2) ?? [hat];
      return [textOf(uri), { active: true, title: title ? textOf(title) : (titles.get(textOf(uri)) ?? "") }] as const;
    });
    hats.set(jid, Object.fromEntries(own));
  }
  return hats;
}

function saltIn(term: Term | undefined): boolean {
  return isBinary(term) && term.length > 0;
}

function passwordIn(options: RoomOptions): string | undefined {
  const password = options.takeText("password");
  if (!options.takeBoolean("password_protected", false)) {
    if (password !== "") options.tell("left", "its password, which nobody was asked for");
    return undefined;
  }
  if (password === "") options.tell("note", "it asked for a password that was none; here it asks for none");
  return password || undefined;
}

/**
 * Who may speak. With ejabberd, newcomers of a moderated room are participants unless `members_by_default` is off; here
 * they are visitors of every moderated room.
 */
function voicesIn(options: RoomOptions, affiliations: ReadonlyMap<string, Affiliated>): Record<string, Json> {
  const isModerated = options.takeBoolean("moderated", true);
  const isOpen = options.takeBoolean("members_by_default", true);
  const roles = listOf(options.take("roles") ?? []);
  if (!isModerated) return {};
  if (isOpen)
    options.tell("note", "it is moderated, and newcomers may speak: here that is a room that is not moderated");
  const voices = roles.flatMap((entry): [string, string][] => {
    const [whose, value] = itemsOf(entry, 2) ?? [];
    const role = atomOf(itemsOf(value)?.[0] ?? value);
    const jid = parseBareJid(bareOf(whose));
    const affiliation = affiliations.get(jid ?? "")?.affiliation;
    if (affiliation === "owner" || affiliation === "admin") return [];
    if (jid === undefined || (role !== "participant" && role !== "visitor")) {
      options.tell("left", `that ${bareOf(whose)} was ${role ?? "of some role"}: only voice is kept over visits`);
      return [];
    }
    const standard = affiliation === "member" || isOpen ? "participant" : "visitor";
    return role === standard ? [] : [[jid, role]];
  });
  return { ...(!isOpen && { moderated: true }), ...(voices.length > 0 && { kept_voices: voices }) };
}

function broadcastIn(options: RoomOptions): Json | undefined {
  const term = options.take("presence_broadcast");
  const roles = listOf(term ?? []).map((role) => atomOf(role) ?? "");
  if (term === undefined || roles.toSorted().join(",") === ALL_ROLES) return undefined;
  return Object.fromEntries(roles.map((role) => [role, true]));
}

/** 0: no limit. */
function capIn(options: RoomOptions): number | undefined {
  const cap = options.take("max_users");
  if (cap === undefined) return undefined;
  return typeof cap === "number" ? cap : 0;
}

function archivingIn(term: Term | undefined): boolean | undefined {
  return term === undefined ? undefined : atomOf(term) === "true";
}

function privateMessagesIn(options: RoomOptions): Record<string, Json> {
  const allowed = options.takeWord("allowpm", "anyone", "participants", "moderators", "none");
  const isAllowed = options.takeBoolean("allow_private_messages", true);
  const ofVisitors = options.takeWord("allow_private_messages_from_visitors", "anyone", "moderators", "nobody");
  if (!isAllowed || allowed === "none") return { allow_pm: "none" };
  if (allowed === "moderators") return { allow_pm: "moderator" };
  if (allowed === "participants" || ofVisitors === "nobody") return { allow_pm: "participant" };
  return ofVisitors === "moderators" ? { allow_pm: "participant", allow_modpm: true } : {};
}

/** Text, or texts in several languages; who set it, as a nick or with the real JID. When is not known. */
function subjectIn(jid: string, options: RoomOptions): Record<string, Json> {
  const term = options.take("subject");
  const author = options.take("subject_author");
  const texts = isBinary(term)
    ? [["", textOf(term)] as const]
    : listOf(term ?? []).map((entry) => {
        const [, language, text] = itemsOf(entry, 3) ?? [];
        return [textOf(language), textOf(text)] as const;
      });
  const [language, subject] = texts.find(([code]) => code === "") ?? texts[0] ?? ["", ""];
  if (subject === "") return {};
  if (texts.length > 1) options.tell("note", `its subject is in ${texts.length} languages; here it is "${language}"`);
  const name = itemsOf(author)?.[0] ?? author;
  const nick = name === undefined ? undefined : resourceprep(textOf(name));
  return { subject, ...(nick && { subject_from: `${jid}/${nick}` }) };
}

/** Nicks of the whole service, of those who have an affiliation: others cannot have one reserved in a room. */
function* nicksIn(
  affiliations: ReadonlyMap<string, Affiliated>,
  { nickOf, tell }: RoomContext,
): Generator<[jid: string, nick: string]> {
  const holders = new Map<string, string>();
  for (const [jid, { affiliation }] of affiliations) {
    const written = affiliation === "outcast" ? undefined : nickOf(jid);
    const nick = written === undefined ? undefined : resourceprep(written);
    if (nick === undefined) continue;
    const holder = holders.get(nick);
    if (holder === undefined) yield [jid, nick];
    else tell("lost", `the nick ${nick} is registered of ${holder} and of ${jid}`);
    holders.set(nick, holder ?? jid);
  }
}
