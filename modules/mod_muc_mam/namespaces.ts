/** Message archives (XEP-0313, version 1.1.3); also the `FORM_TYPE` of a query. */
export const NS_MAM = "urn:xmpp:mam:2";
/** Feature: queries by id, flipped pages, metadata (XEP-0313 §7). */
export const NS_MAM_EXTENDED = "urn:xmpp:mam:2#extended";
/** Pages of results (XEP-0059). */
export const NS_RSM = "http://jabber.org/protocol/rsm";
/** Stanzas inside others (XEP-0297). */
export const NS_FORWARD = "urn:xmpp:forward:0";
