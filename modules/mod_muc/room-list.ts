import { childElements, getChild, StanzaError, xml, type DiscoEvent } from "chorus-muc";
import type { PublicRooms } from "./public-rooms.js";
import { NS_RSM, pageRange, resultSet } from "./rsm.js";

/**
 * Lists the public rooms (XEP-0045 §6.3): all, or the page that the request asks for. No room is loaded for it.
 * @returns the refusal of a page that makes no sense
 */
export function listRooms(rooms: PublicRooms, { stanza, query }: DiscoEvent): StanzaError | undefined {
  const asked = childElements(stanza)[0];
  const set = asked && getChild(asked, "set", NS_RSM);
  const range = pageRange(rooms, set);
  if (range instanceof StanzaError) return range;
  const page = [...rooms.slice(range.start, range.end)];
  for (const [jid, name] of page) query.append(xml("item", { jid, name }));
  if (set) query.append(resultSet(rooms, range, page.at(0)?.[0], page.at(-1)?.[0]));
  return undefined;
}
