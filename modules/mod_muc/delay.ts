import { formatDateTime, NS_DELAY, xml, type Element } from "chorus-muc";

/** The `<delay/>` with which a room marks what it sends again (XEP-0045 §7.2.14). @param seconds unix time */
export function delayElement(roomJid: string, seconds: number): Element {
  return xml("delay", { xmlns: NS_DELAY, from: roomJid, stamp: formatDateTime(seconds) });
}
