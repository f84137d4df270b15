import type { EventBus } from "../events/bus.js";
import type { HostEvents } from "../events/events.js";
import type { Link } from "../links/link.js";
import { Items } from "./items.js";
import { Sessions } from "./sessions.js";

/** A `VirtualHost` (`local`) or `Component` that is served here. */
export class Host {
  /** Sessions of local users; empty on components. */
  readonly sessions = new Sessions();
  /** What modules of this host published, by key. */
  readonly published: Items;
  /** Attached components: the way to the upstream server, and through it to everybody who is not served here. */
  link: Link | undefined;
  readonly #modules = new Set<string>();

  constructor(
    readonly name: string,
    readonly type: "local" | "component",
    readonly events: EventBus<HostEvents>,
  ) {
    this.published = new Items((event, data) => {
      events.fireUntyped(event, data);
    });
  }

  /** Items of a key, of all modules, in order of addition. */
  items<T = unknown>(key: string): T[] {
    return this.published.get<T>(key);
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
