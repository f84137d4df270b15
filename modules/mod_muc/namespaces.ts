/** Entering a room (XEP-0045 §7.2); also the feature. */
export const NS_MUC = "http://jabber.org/protocol/muc";
/** What the room tells its occupants (XEP-0045 §19.2). */
export const NS_MUC_USER = "http://jabber.org/protocol/muc#user";
/** Roles and affiliations (XEP-0045 §19.3). */
export const NS_MUC_ADMIN = "http://jabber.org/protocol/muc#admin";
/** Configuration and destruction (XEP-0045 §19.4). */
export const NS_MUC_OWNER = "http://jabber.org/protocol/muc#owner";
/** `FORM_TYPE` of a room's configuration (XEP-0045 §16.5.3). */
export const NS_ROOM_CONFIG = "http://jabber.org/protocol/muc#roomconfig";
/** `FORM_TYPE` of the form in a room's disco#info (XEP-0045 §16.5.4). */
export const NS_ROOM_INFO = "http://jabber.org/protocol/muc#roominfo";
/** `FORM_TYPE` of a request for voice (XEP-0045 §16.5.2). */
export const NS_VOICE_REQUEST = "http://jabber.org/protocol/muc#request";
/** `FORM_TYPE` of a registration with a room, and of its approval (XEP-0045 §16.5.1). */
export const NS_ROOM_REGISTER = "http://jabber.org/protocol/muc#register";
/** Datatypes of form fields (XEP-0122). */
export const NS_DATA_VALIDATE = "http://jabber.org/protocol/xdata-validate";
/** Ids that the room gives to stanzas (XEP-0359). */
export const NS_STANZA_ID = "urn:xmpp:sid:0";
/** Ids of occupants, the same under every nick (XEP-0421). */
export const NS_OCCUPANT_ID = "urn:xmpp:occupant-id:0";
