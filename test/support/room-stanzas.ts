/** Stanzas that tests about rooms send and expect again and again, as text; a room is its bare JID. */
import { serialise } from "../../core/xmpp/template.js";
import { xml, type Element } from "../../core/xmpp/element.js";
import { NS_DATA_FORM, NS_REGISTER } from "../../core/xmpp/namespaces.js";

export const NS_MUC = "http://jabber.org/protocol/muc";
const NS_MUC_USER = `${NS_MUC}#user`;

/** Presence that enters a room. @param content of its `muc` element */
export function entering(room: string, nick: string, content = ""): string {
  return `<presence to="${room}/${nick}"><x xmlns="${NS_MUC}">${content}</x></presence>`;
}

/** Presence that enters a room, with its password if it has one. */
export function enter(room: string, nick: string, password?: string): string {
  return entering(room, nick, password === undefined ? "" : `<password>${password}</password>`);
}

/** Presence of somebody in a room; `inner` is what its `muc#user` element contains, among other things. */
export function present(room: string, nick: string, inner = ""): string {
  return `<presence from="${room}/${nick}">${user(inner)}</presence>`;
}

/** Presence of somebody who leaves a room. */
export function gone(room: string, nick: string, inner = ""): string {
  return `<presence from="${room}/${nick}" type="unavailable">${user(inner)}</presence>`;
}

function user(inner: string): string {
  return inner === "" ? "" : `<x xmlns="${NS_MUC_USER}" scansion:strict="false">${inner}</x>`;
}

/** Fields of a data form to submit; several values of one, or none. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A submitted form (XEP-0004 §3.1). */
export function submission(formType: string, fields: Fields): Element {
  const field = ([name, values]: [string, string | readonly string[]]): Element =>
    xml("field", { var: name }, ...[values].flat().map((text) => xml("value", {}, text)));
  return xml(
    "x",
    { xmlns: NS_DATA_FORM, type: "submit" },
    ...Object.entries({ FORM_TYPE: formType, ...fields }).map(field),
  );
}

/** The submitted configuration of a room. */
export function configure(room: string, id: string, fields: Fields): string {
  const form = serialise(submission(`${NS_MUC}#roomconfig`, fields));
  return `<iq type="set" id="${id}" to="${room}"><query xmlns="${NS_MUC}#owner">${form}</query></iq>`;
}

/** A registration with a room. */
export function register(room: string, id: string, nick: string): string {
  const form = serialise(submission(`${NS_MUC}#register`, { "muc#register_roomnick": nick }));
  return `<iq type="set" id="${id}" to="${room}"><query xmlns="${NS_REGISTER}">${form}</query></iq>`;
}

/** Changes asked of a room's admins or moderators. @param items `<item/>` elements */
export function administer(room: string, id: string, items: string): string {
  return `<iq type="set" id="${id}" to="${room}"><query xmlns="${NS_MUC}#admin">${items}</query></iq>`;
}

/** A change of somebody's affiliation. */
export function affiliate(room: string, id: string, jid: string, affiliation: string): string {
  return administer(room, id, `<item jid="${jid}" affiliation="${affiliation}"/>`);
}

/** A message to everybody in a room. @param more content beside the body */
export function say(room: string, text: string, { id, more = "" }: { id?: string; more?: string } = {}): string {
  const attribute = id === undefined ? "" : ` id="${id}"`;
  return `<message type="groupchat"${attribute} to="${room}"><body>${text}</body>${more}</message>`;
}

/** That message, as everybody receives it. */
export function said(room: string, nick: string, text: string): string {
  return `<message type="groupchat" from="${room}/${nick}"><body>${text}</body></message>`;
}

/** The result of a request. */
export function result(from: string, id: string): string {
  return `<iq type="result" from="${from}" id="${id}"/>`;
}
