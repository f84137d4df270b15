import type { EventBus } from "../events/bus.js";
import type { HostEvents } from "../events/events.js";
import type { Sessions } from "./sessions.js";
import type { Link } from "../links/link.js";

/** A `VirtualHost` or `Component` that is served here. */
export interface Host {
  readonly name: string;
  readonly type: "local" | "component";
  readonly events: EventBus<HostEvents>;
  /** Sessions of local users; empty on components. */
  readonly sessions: Sessions;
  /** Attached components: the way to the upstream server, and through it to everybody who is not served here. */
  link: Link | undefined;
  /** Items that modules added, by key. */
  items(key: string): unknown[];
  /** Whether a module of that name is loaded. */
  hasModule(name: string): boolean;
}
