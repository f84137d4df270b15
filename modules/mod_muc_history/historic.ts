import { isElement, namespaceOf, type Element } from "chorus-muc";

const NS_HINTS = "urn:xmpp:hints";
const NS_ENCRYPTION = "urn:xmpp:eme:0";
const NS_MARKERS = "urn:xmpp:chat-markers:0";

/**
 * Whether a message belongs to the history: what its sender says (XEP-0334), else whether it has a body, is encrypted
 * (XEP-0380) or marks what was read (XEP-0333). `undefined`: none of these.
 */
export function isHistoric(message: Element): boolean | undefined {
  const has = { subject: false, body: false, thread: false };
  let says: boolean | undefined;
  let isMarked = false;
  // In one go, as every message comes by here.
  for (const child of message.children as unknown[]) {
    if (!isElement(child)) continue;
    const { name } = child;
    const xmlns = namespaceOf(child);
    if (xmlns === undefined) {
      if (name === "body" || name === "subject" || name === "thread") has[name] = true;
    } else if (xmlns === NS_HINTS) {
      if (name === "no-store" || name === "no-permanent-store") says = false;
      else if (name === "store") says ??= true;
    } else if (xmlns === NS_MARKERS || (xmlns === NS_ENCRYPTION && name === "encryption")) isMarked = true;
  }
  // XEP-0045 §7.2.13: subjects are no part of it, whatever comes with them.
  if (has.subject && !has.body && !has.thread) return false;
  return says ?? (has.body || isMarked || undefined);
}
