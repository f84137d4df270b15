import { createHmac } from "node:crypto";
import { childElements, getChild, namespaceOf, removeChildren, Element } from "chorus-muc";
import { NS_OCCUPANT_ID, NS_STANZA_ID } from "./namespaces.js";

function isOfRoom(child: Element, roomJid: string): boolean {
  return child.name === "stanza-id" && namespaceOf(child) === NS_STANZA_ID && child.attrs["by"] === roomJid;
}

/** Takes ids out of a stanza that somebody gave in the room's name (XEP-0359 §5). */
export function stripStanzaIds(stanza: Element, roomJid: string): void {
  removeChildren(stanza, (child) => isOfRoom(child, roomJid));
}

/** The id that the room gave to a stanza, if it did (XEP-0359 §3). */
export function stanzaIdOf(stanza: Element, roomJid: string): string | undefined {
  return childElements(stanza).find((child) => isOfRoom(child, roomJid))?.attrs["id"] as string | undefined;
}

/** The element that tells the room's id of a stanza (XEP-0359 §3). */
export function stanzaId(roomJid: string, id: string): Element {
  return new Element("stanza-id", { xmlns: NS_STANZA_ID, by: roomJid, id });
}

/** The occupant id of who sent a stanza that the room has passed on, where rooms give them (XEP-0421). */
export function occupantIdOf(stanza: Element): string | undefined {
  return getChild(stanza, "occupant-id", NS_OCCUPANT_ID)?.attrs["id"] as string | undefined;
}

/**
 * The occupant id of somebody in a room (XEP-0421). Prosody's, so that ids survive a move: the JID is the key, the salt
 * the message.
 * @param salt the secret of the room
 */
export function makeOccupantId(bareJid: string, salt: string): string {
  return createHmac("sha256", bareJid).update(salt).digest("base64");
}
