import type { EventBus } from "../events/bus.js";
import type { GlobalEvents } from "../events/events.js";
import type { Host } from "./host.js";

/** All hosts served here. */
export interface Hosts extends Iterable<Host> {
  get(name: string): Host | undefined;
  readonly events: EventBus<GlobalEvents>;
}
