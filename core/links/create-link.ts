import type { Config } from "../config/config.js";
import type { Host } from "../hosts/host.js";
import type { Logger } from "../log/logger.js";
import type { Router } from "../router/router.js";
import type { Clock } from "../timers/clock.js";
import type { Link } from "./link.js";

/** The link of a component with `component_upstream`; `undefined` when it has none. */
export function createLink(_options: {
  host: Host;
  config: Config;
  router: Router;
  logger: Logger;
  clock: Clock;
}): Link | undefined {
  return undefined;
}
