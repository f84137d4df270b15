import type { Addresses, Outlet } from "../links/outlet.js";

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

/** What several recipients share: the outlet, and how they are addressed there. */
export interface SharedOutlet {
  readonly outlet: Outlet;
  readonly addresses: Addresses;
}

/** Those that something is delivered to again and again, as the occupants of a room: a list that stays as it is. */
export class Recipients {
  /** Filled in by the router: what all of them share, if they do; `"seen"` when something was delivered to them before. */
  shared: SharedOutlet | "seen" | undefined;

  constructor(readonly targets: readonly DeliveryTarget[]) {}
}
