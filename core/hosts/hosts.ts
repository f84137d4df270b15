import type { EventBus } from "../events/bus.js";
import type { GlobalEvents } from "../events/events.js";
import type { Host } from "./host.js";
import { Items } from "./items.js";

/** All hosts served here, in the order of the configuration, and the bus that is nobody's in particular. */
export class Hosts implements Iterable<Host> {
  readonly #hosts = new Map<string, Host>();
  /** What global modules published. */
  readonly published: Items;

  constructor(readonly events: EventBus<GlobalEvents>) {
    this.published = new Items((event, data) => {
      events.fireUntyped(event, data);
    });
  }

  /** Has a host served from now on. */
  add(host: Host): void {
    this.#hosts.set(host.name, host);
  }

  /** Has a host served no longer. */
  remove(name: string): void {
    this.#hosts.delete(name);
  }

  /** A host that is served here, by its prepared name. */
  get(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  /** All hosts, in order of addition. */
  [Symbol.iterator](): Iterator<Host> {
    return this.#hosts.values();
  }
}
