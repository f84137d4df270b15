import { childElements, childText, getChild, StanzaError, xml, type DiscoEvent, type Element } from "chorus-muc";
import type { PublicRooms } from "./public-rooms.js";

/** Result sets: lists a page at a time (XEP-0059). */
export const NS_RSM = "http://jabber.org/protocol/rsm";

/** Places in the list, `end` exclusive. */
interface Range {
  readonly start: number;
  readonly end: number;
}

function refused(condition: "bad-request" | "item-not-found", text: string): StanzaError {
  return new StanzaError({ type: condition === "bad-request" ? "modify" : "cancel", condition, text });
}

/** A number that a set asks for; `undefined`: none. */
function readNumber(set: Element, name: string): number | undefined | StanzaError {
  const text = childText(set, name, NS_RSM);
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : refused("bad-request", `${name}: not a number`);
}

/** The page that a set asks for (XEP-0059 §2). Pages stay in place when rooms come and go: they are bounded by JIDs. */
function readRange(rooms: PublicRooms, set: Element): Range | StanzaError {
  const max = readNumber(set, "max") ?? rooms.size;
  const index = readNumber(set, "index") ?? 0;
  if (max instanceof StanzaError) return max;
  if (index instanceof StanzaError) return index;
  if (index > 0 && index >= rooms.size) return refused("item-not-found", "There are not so many rooms");
  const after = childText(set, "after", NS_RSM);
  const before = childText(set, "before", NS_RSM);
  const first = after === undefined ? index : rooms.countUpTo(after);
  if (before === undefined) return { start: first, end: Math.min(first + max, rooms.size) };
  const end = before === "" ? rooms.size : rooms.countUpTo(before) - (rooms.has(before) ? 1 : 0);
  return { start: Math.max(first, end - max), end };
}

/**
 * Lists the public rooms (XEP-0045 §6.3): all, or the page that the request asks for. No room is loaded for it.
 * @returns the refusal of a page that makes no sense
 */
export function listRooms(rooms: PublicRooms, { stanza, query }: DiscoEvent): StanzaError | undefined {
  const asked = childElements(stanza)[0];
  const set = asked && getChild(asked, "set", NS_RSM);
  const range = set ? readRange(rooms, set) : { start: 0, end: rooms.size };
  if (range instanceof StanzaError) return range;
  const page = [...rooms.slice(range.start, range.end)];
  for (const [jid, name] of page) query.append(xml("item", { jid, name }));
  if (set) query.append(resultSet(rooms, range.start, page.at(0)?.[0], page.at(-1)?.[0]));
  return undefined;
}

function resultSet(rooms: PublicRooms, index: number, first: string | undefined, last: string | undefined): Element {
  const set = xml("set", { xmlns: NS_RSM });
  if (first !== undefined) set.append(xml("first", { index: String(index) }, first));
  if (last !== undefined) set.append(xml("last", {}, last));
  set.append(xml("count", {}, String(rooms.size)));
  return set;
}
