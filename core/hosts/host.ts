import type { EventBus } from "../events/bus.js";
import type { HostEvents } from "../events/events.js";
import type { Link } from "../links/link.js";
import { Items } from "./items.js";
import { Sessions } from "./sessions.js";

/** A `VirtualHost` (`local`) or `Component` that is served here. */
export class Host {
  /** Sessions of local users; empty on components. */
  readonly sessions = new Sessions();
  /** What modules of this host published under a key. */
  readonly items: Items;
  /** Attached components: the way to the upstream server, and through it to everybody who is not served here. */
  link: Link | undefined;
  readonly #modules = new Set<string>();

  constructor(
    readonly name: string,
    readonly type: "local" | "component",
    readonly events: EventBus<HostEvents>,
  ) {
    this.items = new Items((event, data) => {
      events.fireUntyped(event, data);
    });
  }

  /** Whether a module of that name is loaded here. */
  hasModule(name: string): boolean {
    return this.#modules.has(name);
  }

  /** Kept by the module manager. */
  setModule(name: string, loaded: boolean): void {
    if (loaded) this.#modules.add(name);
    else this.#modules.delete(name);
  }
}
