import { xml, type Element } from "chorus-muc";
import { NS_MUC, NS_MUC_USER } from "./namespaces.js";

/** A client of the test kit, with or without a connection. */
export interface RoomGuest {
  send(stanza: Element): void;
  /** The first stanza that is as expected by the rules of scenario scripts; what comes before it is gone. */
  see(expected: string): Promise<Element>;
}

/**
 * Enters a room, in tests of modules (XEP-0045 §7.2): everything up to the guest's own presence is taken.
 * @param room its bare JID
 * @returns the guest's own presence
 * @throws Error when it does not come, with what came instead
 */
export async function joinRoom(
  guest: RoomGuest,
  room: string,
  nick: string,
  options: { readonly password?: string } = {},
): Promise<Element> {
  const entry = xml("x", NS_MUC);
  if (options.password !== undefined) entry.append(xml("password", {}, options.password));
  guest.send(xml("presence", { to: `${room}/${nick}` }, entry));
  return guest.see(`<presence><x xmlns="${NS_MUC_USER}" scansion:strict="false"><status code="110"/></x></presence>`);
}
