import { bare, namespaceOf, NS_DELAY, parseJid, removeChildren, type Element } from "chorus-muc";
import { NS_MUC, NS_MUC_ADMIN, NS_MUC_OWNER, NS_MUC_USER } from "./namespaces.js";

/** What only the room says; `http://jabber.org/protocol/muc` also carries the password of a join. */
const ROOM_NAMESPACES: ReadonlySet<string> = new Set([
  NS_MUC,
  NS_MUC_ADMIN,
  NS_MUC_OWNER,
  NS_MUC_USER,
  "urn:xmpp:hats:0",
  "xmpp:prosody.im/protocol/hats:1",
  "urn:xmpp:occupant-id:0",
]);

const DELAYS: ReadonlySet<string> = new Set([NS_DELAY, "jabber:x:delay"]);

/**
 * Takes out of a client's stanza, in place, what a client may not say in a room: the namespaces of XEP-0045, hats
 * (XEP-0317) and occupant ids (XEP-0421), and, claimed to be the room's, delays (XEP-0203) and stanza ids (XEP-0359).
 *
 * @param roomJid bare JID of the room
 * @returns the stanza that was given
 */
export function filterMucPayload(stanza: Element, roomJid: string): Element {
  removeChildren(stanza, isRoomPayload, roomJid);
  return stanza;
}

function isRoomPayload(child: Element, roomJid: string): boolean {
  const xmlns = namespaceOf(child);
  if (xmlns === undefined) return false;
  if (ROOM_NAMESPACES.has(xmlns)) return true;
  if (xmlns === "urn:xmpp:sid:0") return child.name === "stanza-id" && isOfRoom(child.attrs["by"], roomJid);
  return DELAYS.has(xmlns) && isOfRoom(child.attrs["from"], roomJid);
}

function isOfRoom(jid: unknown, roomJid: string): boolean {
  const prepared = typeof jid === "string" ? parseJid(jid) : undefined;
  return prepared !== undefined && bare(prepared) === roomJid;
}
