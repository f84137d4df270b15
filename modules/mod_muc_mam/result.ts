import {
  childElements,
  namespaceOf,
  NS_CLIENT,
  NS_DELAY,
  removeChildren,
  xml,
  type ArchiveEntry,
  type Element,
} from "chorus-muc";
import { NS_MUC_USER, type Room } from "chorus-muc/muc";
import { NS_FORWARD, NS_MAM, NS_RSM } from "./namespaces.js";
import type { Page } from "./page.js";
import type { ArchiveRequest } from "./query.js";
import { formatStamp } from "./time.js";

/** One entry on its way to who asked for it (XEP-0313 §4.2). */
export function resultMessage(
  room: Room,
  to: string,
  { queryId }: ArchiveRequest,
  { id, when, stanza }: ArchiveEntry,
): Element {
  if (room.isAnonymousFor(to)) hideRealJids(stanza);
  delete stanza.attrs["to"];
  stanza.attrs["xmlns"] = NS_CLIENT;
  const delay = xml("delay", { xmlns: NS_DELAY, stamp: formatStamp(when) });
  const forwarded = xml("forwarded", { xmlns: NS_FORWARD }, delay, stanza);
  return xml("message", { from: room.jid, to }, xml("result", { xmlns: NS_MAM, queryid: queryId, id }, forwarded));
}

/** What was archived while real JIDs were open to everybody is read while they are not, or was imported. */
function hideRealJids(stanza: Element): void {
  const isUser = (child: Element): boolean => namespaceOf(child) === NS_MUC_USER;
  if (stanza.name === "message") removeChildren(stanza, isUser);
  else {
    for (const x of childElements(stanza).filter(isUser)) {
      for (const item of childElements(x)) delete item.attrs["jid"];
    }
  }
}

/** End of the results (XEP-0313 §4.3). */
export function fin({ entries, isComplete, count, index }: Page): Element {
  const set = xml("set", { xmlns: NS_RSM });
  const [first] = entries;
  const last = entries.at(-1);
  if (first) set.append(xml("first", { index }, first.id));
  if (last) set.append(xml("last", {}, last.id));
  if (count !== undefined) set.append(xml("count", {}, String(count)));
  return xml("iq", {}, xml("fin", { xmlns: NS_MAM, complete: isComplete ? "true" : undefined }, set));
}

/** First and last entry of an archive, or nothing of an empty one (XEP-0313 §5). */
export function metadata(first: ArchiveEntry | undefined, last: ArchiveEntry | undefined): Element {
  const element = xml("metadata", { xmlns: NS_MAM });
  if (first) element.append(xml("start", { id: first.id, timestamp: formatStamp(first.when) }));
  if (last) element.append(xml("end", { id: last.id, timestamp: formatStamp(last.when) }));
  return xml("iq", {}, element);
}
