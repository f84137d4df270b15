import { childElements, getChild, namespaceOf, type Element } from "chorus-muc";

const NS_HINTS = "urn:xmpp:hints";
const NS_ENCRYPTION = "urn:xmpp:eme:0";
const NS_MARKERS = "urn:xmpp:chat-markers:0";

/**
 * Whether a message belongs to the history: what its sender says (XEP-0334), else whether it has a body, is encrypted
 * (XEP-0380) or marks what was read (XEP-0333). `undefined`: none of these.
 */
export function isHistoric(message: Element): boolean | undefined {
  // XEP-0045 §7.2.13: subjects are no part of it, whatever comes with them.
  if (getChild(message, "subject") && !getChild(message, "body") && !getChild(message, "thread")) return false;
  if (getChild(message, "no-store", NS_HINTS) || getChild(message, "no-permanent-store", NS_HINTS)) return false;
  if (getChild(message, "store", NS_HINTS) || getChild(message, "body")) return true;
  if (getChild(message, "encryption", NS_ENCRYPTION)) return true;
  return childElements(message).some((child) => namespaceOf(child) === NS_MARKERS) || undefined;
}
