/** Stanzas that tests about rooms send again and again. */
export const NS_MUC = "http://jabber.org/protocol/muc";
export const NS_MUC_USER = `${NS_MUC}#user`;

/** Presence that enters a room. */
export function enter(room: string, nick: string, password?: string): string {
  const secret = password === undefined ? "" : `<password>${password}</password>`;
  return `<presence to="${room}/${nick}"><x xmlns="${NS_MUC}">${secret}</x></presence>`;
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

/** The submitted configuration of a room. */
export function configure(room: string, id: string, fields: Readonly<Record<string, string>>): string {
  return `<iq type="set" id="${id}" to="${room}"><query xmlns="${NS_MUC}#owner">${form(`${NS_MUC}#roomconfig`, fields)}</query></iq>`;
}

/** A registration with a room. */
export function register(room: string, id: string, nick: string): string {
  const fields = { "muc#register_roomnick": nick };
  return `<iq type="set" id="${id}" to="${room}"><query xmlns="jabber:iq:register">${form(`${NS_MUC}#register`, fields)}</query></iq>`;
}

/** A change of somebody's affiliation. */
export function affiliate(room: string, id: string, jid: string, affiliation: string): string {
  return `<iq type="set" id="${id}" to="${room}"><query xmlns="${NS_MUC}#admin"><item jid="${jid}" affiliation="${affiliation}"/></query></iq>`;
}

/** A message to everybody in a room. */
export function say(room: string, text: string): string {
  return `<message type="groupchat" to="${room}"><body>${text}</body></message>`;
}

/** That message, as everybody receives it. */
export function said(room: string, nick: string, text: string): string {
  return `<message type="groupchat" from="${room}/${nick}"><body>${text}</body></message>`;
}

/** The result of a request. */
export function result(from: string, id: string): string {
  return `<iq type="result" from="${from}" id="${id}"/>`;
}

function form(type: string, fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries({ FORM_TYPE: type, ...fields });
  const children = entries.map(([name, value]) => `<field var="${name}"><value>${value}</value></field>`);
  return `<x xmlns="jabber:x:data" type="submit">${children.join("")}</x>`;
}
