import type { Outlet } from "./outlet.js";
import type { Origin } from "../router/stanza-event.js";

/** The way from a host to a server that is not this one (XEP-0114). */
export interface Link {
  /** `xmpp://127.0.0.1:5347`, for logs. */
  readonly peer: string;
  readonly isUp: boolean;
  /** The present connection's way out, or `undefined` while the link is down: nothing is queued for it then. */
  readonly outlet: Outlet | undefined;
  /** Origin of the stanzas it brings; the same object over reconnects. */
  readonly origin: Origin;
  /** Connects, and keeps connecting. Resolves when it is up the first time; rejects when that can never succeed. */
  start(): Promise<void>;
  /** Closes it; resolves when what was sent is on its way. */
  stop(): Promise<void>;
}
