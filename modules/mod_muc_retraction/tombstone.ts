import { bare, childElements, cloneElement, getChild, namespaceOf, xml, type Element } from "chorus-muc";
import { NS_MUC_USER, NS_OCCUPANT_ID, occupantIdOf, type Occupant, type Room } from "chorus-muc/muc";

/** Messages are taken back (XEP-0424, version 0.4.2). */
export const NS_RETRACT = "urn:xmpp:message-retract:1";

/** What tells who sent a message, and nothing of what it said. */
const KEPT_NAMESPACES: ReadonlySet<string | undefined> = new Set([NS_OCCUPANT_ID, NS_MUC_USER]);

/**
 * What is left of a message (XEP-0424 §5): when, by whom and under which id it was sent.
 * @param marks that it was retracted
 */
export function tombstoneOf(original: Element, ...marks: readonly Element[]): Element {
  const { from, id, type } = original.attrs as Record<string, string | undefined>;
  const kept = childElements(original).filter((child) => KEPT_NAMESPACES.has(namespaceOf(child)));
  return xml("message", { from, id, type }, ...kept.map(cloneElement), ...marks);
}

/** Whether a message was retracted: what is left of it says so. */
export function isTombstone(message: Element): boolean {
  return getChild(message, "retracted", NS_RETRACT) !== undefined;
}

/** Whether a message takes another one back. */
export function isRetraction(message: Element): boolean {
  return getChild(message, "retract", NS_RETRACT) !== undefined;
}

/**
 * Whether a message is of an occupant, whatever the nick was: by occupant id, else by the real JID that is kept with
 * messages of rooms where everybody sees it.
 */
export function isFrom(message: Element, room: Room, occupant: Occupant): boolean {
  const id = occupantIdOf(message);
  if (id !== undefined) return id === room.getOccupantId(occupant);
  const x = getChild(message, "x", NS_MUC_USER);
  return x !== undefined && childElements(x).some((item) => bareOf(item.attrs["jid"]) === occupant.bareJid);
}

function bareOf(jid: unknown): string | undefined {
  return typeof jid === "string" ? bare(jid) : undefined;
}
