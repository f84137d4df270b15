/** The rooms that are tortured, and what stanzas change and read them. */
import type { Element } from "../../core/index.js";
import { serialise } from "../../core/xmpp/template.js";
import { submission } from "../support/room-stanzas.js";
import type { Session } from "./session.js";

export const SERVICE = "conference.localhost";
/** Rooms that people talk in. */
export const TALKS = ["talk0", "talk1"].map(address);
/** Rooms with nobody inside, for what takes nobody: memory is given back, and they are read again. */
export const DEEDS = ["deed0", "deed1", "deed2"].map(address);
/** Who owns all of these. */
export const OWNER = "ada";
export const TALKERS = ["tim", "tom", "una"];
export const REGISTRANTS = ["rae", "ron"];
/** Who makes rooms and destroys them. */
export const MAKER = "mona";
/** Groups of people whose affiliations are changed by one request. */
export const GROUPS = [0, 1, 2, 3];
export const HATTED = [0, 1, 2];
export const HAT = "urn:example:hat";
export const AFFILIATIONS = ["none", "member", "admin", "owner", "outcast"];

const NS_MUC = "http://jabber.org/protocol/muc";
const NS_COMMANDS = "http://jabber.org/protocol/commands";
const NS_HATS = "urn:xmpp:hats:commands";

export function address(name: string): string {
  return `${name}@${SERVICE}`;
}

export function groupOf(group: number): string[] {
  return [0, 1, 2].map((n) => `user${group * 3 + n}@localhost`);
}

/** All fields of a room's form that are changed, as one number makes them. */
export function formFields(room: string, n: number): Record<string, string> {
  const isTalk = TALKS.includes(room);
  return {
    "muc#roomconfig_roomname": `name ${n}`,
    "muc#roomconfig_roomdesc": `description ${n}`,
    "muc#roomconfig_persistentroom": "1",
    "muc#roomconfig_publicroom": n % 3 === 0 ? "0" : "1",
    "muc#roomconfig_changesubject": n % 2 === 0 ? "0" : "1",
    ...(!isTalk && {
      "muc#roomconfig_roomsecret": `secret ${n}`,
      "muc#roomconfig_membersonly": n % 5 === 0 ? "1" : "0",
      "muc#roomconfig_moderatedroom": n % 2 === 0 ? "1" : "0",
    }),
  };
}

export function formPayload(fields: Readonly<Record<string, string>>): string {
  return `<query xmlns="${NS_MUC}#owner">${serialise(submission(`${NS_MUC}#roomconfig`, fields))}</query>`;
}

export function affiliationsPayload(group: number, affiliations: readonly string[]): string {
  const items = groupOf(group).map((jid, n) => `<item jid="${jid}" affiliation="${affiliations[n] ?? ""}"/>`);
  return `<query xmlns="${NS_MUC}#admin">${items.join("")}</query>`;
}

export function destroyPayload(reason: string): string {
  return `<query xmlns="${NS_MUC}#owner"><destroy><reason>${reason}</reason></destroy></query>`;
}

export function hatPayload(command: string, fields: Readonly<Record<string, string>>): string {
  const form = Object.keys(fields).length === 0 ? "" : serialise(submission(NS_HATS, fields));
  return `<command xmlns="${NS_COMMANDS}" node="${NS_HATS}:${command}">${form}</command>`;
}

export function registerPayload(nick: string | undefined): string {
  const fields = { "muc#register_roomnick": nick ?? "" };
  const content = nick === undefined ? "<remove/>" : serialise(submission(`${NS_MUC}#register`, fields));
  return `<query xmlns="jabber:iq:register">${content}</query>`;
}

export function moderatePayload(id: string): string {
  const retract = '<retract xmlns="urn:xmpp:message-retract:1"/>';
  return `<moderate xmlns="urn:xmpp:message-moderate:1" id="${id}">${retract}</moderate>`;
}

/** A read that must not fail. @throws Error with the answer when it does */
export async function read(
  session: Session,
  to: string,
  payload: string,
  type: "get" | "set" = "get",
): Promise<Element> {
  const answer = await session.request(type, to, payload);
  if (answer.kind !== "result") {
    const what = answer.kind === "lost" ? "the connection is lost" : serialise(answer.stanza);
    throw new Error(`${to} cannot be read: ${payload}: ${what}`);
  }
  return answer.stanza;
}

/** The fields of the first form in a stanza. */
export function fieldsIn(stanza: Element): Map<string, string> {
  const x = stanza.getChildElements()[0]?.getChild("x", "jabber:x:data");
  const fields = x?.getChildren("field") ?? [];
  return new Map(fields.map((field) => [String(field.attrs["var"]), field.getChildText("value") ?? ""]));
}

/** The id that a room gave to a message. */
export function stanzaIdOf(stanza: Element, room: string): string | undefined {
  const ids = stanza.getChildren("stanza-id").filter(({ attrs }) => attrs["by"] === room);
  return ids[0] && String(ids[0].attrs["id"]);
}
