import type { Outlet } from "../links/outlet.js";

/**
 * Somebody that stanzas are delivered to, kept by whoever delivers often: a room's session record implements it, so
 * that the way to the peer is looked up once and not per stanza.
 */
export interface DeliveryTarget {
  /** Full JID of the recipient. */
  readonly jid: string;
  /** Filled in by the router: the JID, escaped for an attribute. */
  escapedJid?: string;
  /** Filled in by the router: whether the JID is ASCII. */
  isAscii?: boolean;
  /** Filled in by the router: the peer's outlet, used while it is open. */
  outlet?: Outlet;
}
