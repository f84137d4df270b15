/** Moderators retract messages of others (XEP-0425, version 0.3.0). */
export const NS_MODERATE = "urn:xmpp:message-moderate:1";
/** The same before 0.3.0, inside {@link NS_FASTEN}. */
export const NS_MODERATE_0 = "urn:xmpp:message-moderate:0";
/** Retraction as {@link NS_MODERATE} refers to it (XEP-0424). */
export const NS_RETRACT = "urn:xmpp:message-retract:1";
/** Retraction as {@link NS_MODERATE_0} refers to it. */
export const NS_RETRACT_0 = "urn:xmpp:message-retract:0";
/** What says which message something is about (XEP-0422). */
export const NS_FASTEN = "urn:xmpp:fasten:0";
/** Everything that an occupant has said lately, at once: our own. */
export const NS_BULK = "urn:chorus-muc:moderate:0";
