import { childElements, getChild, StanzaError, xml, type DiscoEvent } from "chorus-muc";
import type { PublicRooms } from "./public-rooms.js";
import { NS_RSM, pageRange, resultSet } from "./rsm.js";

/**
 * Lists the public rooms (XEP-0045 §6.3): all, or the page that the request asks for. No room is loaded for it.
 * @returns the refusal of a page that makes no sense
 */
export async function listRooms(rooms: PublicRooms, { stanza, query }: DiscoEvent): Promise<StanzaError | undefined> {
  const asked = childElements(stanza)[0];
  const set = asked && getChild(asked, "set", NS_RSM);
  const list = await rooms.list();
  const range = pageRange(list, set);
  if (range instanceof StanzaError) return range;
  const page = list.slice(range.start, range.end);
  const result = set && resultSet(list, range, page.at(0), page.at(-1));
  for await (const [jid, { name }] of rooms.entries(page)) query.append(xml("item", { jid, name }));
  if (result) query.append(result);
  return undefined;
}
