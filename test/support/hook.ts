import type { Handler, HostEvents } from "../../core/events/events.js";
import type { TestService } from "../../core/testing/service.js";

const ignore = (): undefined => undefined;

/** In whose name tests hook events: a module that is loaded after all others. */
export const TEST_MODULE = { name: "test", loadOrder: Infinity, onHandlerError: ignore, onSlowHandler: ignore };

/** Hooks an event of the rooms' host, the only component of a test's service, as a module would. */
export function hook<K extends keyof HostEvents & string>(
  service: TestService,
  event: K,
  handler: Handler<HostEvents, K>,
  priority = 0,
): void {
  const [rooms, ...others] = [...service.service.hosts].filter(({ type }) => type === "component");
  if (!rooms || others.length > 0) throw new TypeError("hook: the service must have exactly one component");
  rooms.events.hook(event, handler, TEST_MODULE, priority);
}
