/** The namespaces that more than one part works with; others stand beside the code that owns them. */

/** Stanzas of a client's stream (RFC 6120 §4.8.2), and past the link all stanzas, where it is written as none. */
export const NS_CLIENT = "jabber:client";
/** STARTTLS (RFC 6120 §5). */
export const NS_TLS = "urn:ietf:params:xml:ns:xmpp-tls";
/** SASL (RFC 6120 §6). */
export const NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
/** Resource binding (RFC 6120 §7). */
export const NS_BIND = "urn:ietf:params:xml:ns:xmpp-bind";
/** The session of RFC 3921 §3, which clients still ask for. */
export const NS_SESSION = "urn:ietf:params:xml:ns:xmpp-session";
/** Data forms (XEP-0004). */
export const NS_DATA_FORM = "jabber:x:data";
/** Service discovery: what an entity is and can do (XEP-0030 §3). */
export const NS_DISCO_INFO = "http://jabber.org/protocol/disco#info";
/** Service discovery: what an entity has (XEP-0030 §4). */
export const NS_DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
/** vCards (XEP-0054). */
export const NS_VCARD = "vcard-temp";
/** In-band registration (XEP-0077), of which rooms make use, too (XEP-0045 §7.10). */
export const NS_REGISTER = "jabber:iq:register";
/** Hash of the picture in a vCard, in presence (XEP-0153). */
export const NS_VCARD_UPDATE = "vcard-temp:x:update";
/** Pings (XEP-0199). */
export const NS_PING = "urn:xmpp:ping";
/** When a stanza was first sent (XEP-0203). */
export const NS_DELAY = "urn:xmpp:delay";
