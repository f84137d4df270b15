import { childText, StanzaError, xml, type Element } from "chorus-muc";

/** Result sets: lists a page at a time (XEP-0059). */
export const NS_RSM = "http://jabber.org/protocol/rsm";

/** A list whose items have ids that say where they are: those of items that are gone do, too. */
export interface PagedList {
  readonly size: number;
  /** How many items come before the one of that id, itself included; it need not be there. `undefined`: that is no id. */
  countUpTo(id: string): number | undefined;
  /** Whether there is an item of that id now. */
  has(id: string): boolean;
}

/** Places in a list, `end` exclusive. */
export interface PageRange {
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

/**
 * The page of a list that a `<set/>` asks for (XEP-0059 §2); without a set, the first.
 * @param limit most items of a page, whatever is asked for
 */
export function pageRange(list: PagedList, set: Element | undefined, limit = Infinity): PageRange | StanzaError {
  if (!set) return { start: 0, end: Math.min(limit, list.size) };
  const asked = readNumber(set, "max") ?? list.size;
  const index = readNumber(set, "index") ?? 0;
  if (asked instanceof StanzaError) return asked;
  if (index instanceof StanzaError) return index;
  if (index > 0 && index >= list.size) return refused("item-not-found", "There are not so many");
  const max = Math.min(asked, limit);
  const after = childText(set, "after", NS_RSM);
  const before = childText(set, "before", NS_RSM);
  const first = after === undefined ? index : list.countUpTo(after);
  const last = before === undefined || before === "" ? list.size : list.countUpTo(before);
  if (first === undefined || last === undefined) return refused("item-not-found", "There is no such page");
  if (before === undefined) return { start: first, end: Math.min(first + max, list.size) };
  const end = before === "" ? last : last - (list.has(before) ? 1 : 0);
  return { start: Math.max(first, end - max), end };
}

/**
 * The `<set/>` of an answer.
 * @param first id of the first item of the page, if it has one; `last` likewise
 */
export function resultSet(
  list: PagedList,
  { start }: PageRange,
  first: string | undefined,
  last: string | undefined,
): Element {
  const set = xml("set", { xmlns: NS_RSM });
  if (first !== undefined) set.append(xml("first", { index: String(start) }, first));
  if (last !== undefined) set.append(xml("last", {}, last));
  set.append(xml("count", {}, String(list.size)));
  return set;
}
