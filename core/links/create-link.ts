import type { Config } from "../config/config.js";
import { Options } from "../config/options.js";
import type { Host } from "../hosts/host.js";
import type { Logger } from "../log/logger.js";
import type { Router } from "../router/router.js";
import type { Clock } from "../timers/clock.js";
import { serialise } from "../xmpp/template.js";
import { ComponentLink } from "./component.js";
import type { Link } from "./link.js";
import { DEFAULT_LINK_LIMITS, type LinkLimits } from "./link-limits.js";
import { parseUpstream } from "./upstream.js";

/** The component that may be attached, and what its link works with. */
export interface CreateLinkOptions {
  readonly host: Host;
  readonly config: Config;
  readonly router: Router;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * The link of a component that is attached to a server (`component_upstream`, `component_secret`); `undefined` when the
 * component stands alone. Options that do not go together are told to the configuration.
 */
export function createLink({ host, config, router, logger, clock }: CreateLinkOptions): Link | undefined {
  const options = new Options(config, host.name);
  const address = options.getOption("component_upstream");
  if (address === undefined) return undefined;
  const parsed = parseUpstream(address);
  if (parsed.kind === "problem") {
    options.report("component_upstream", parsed.message);
    return undefined;
  }
  const secret = options.getOptionString("component_secret");
  if (secret === undefined || secret === "") {
    options.report(
      "component_upstream",
      "expected component_secret beside it, got none: the server would refuse the component",
    );
    return undefined;
  }
  const link: Link = new ComponentLink({
    host: host.name,
    upstream: parsed.upstream,
    secret,
    limits: linkLimits(options),
    logger: logger.child(`${host.name}:link`),
    clock,
    onStanza: (stanza, origin) => {
      router.receive(stanza, origin);
    },
    onUp: (resumed) => {
      host.events.fire("link-up", { host, resumed });
    },
    onDown: () => {
      host.events.fire("link-down", { host });
    },
    send: (stanza) => {
      router.answer(stanza, (out) => link.outlet?.write(serialise(out)));
    },
  });
  return link;
}

/** What the configuration says of the bounds of a link. */
function linkLimits(options: Options): Partial<LinkLimits> {
  const { highWater, maxBacklog, maxPending, maxStanzaBytes, sendMs, stanzaMs } = DEFAULT_LINK_LIMITS;
  const pending = options.getOptionInteger("component_max_pending", maxPending, 65_536); // bytes
  return {
    maxStanzaBytes: options.getOptionInteger("component_stanza_size_limit", maxStanzaBytes, 10_000), // bytes
    maxPending: pending,
    // There has to be room above it for the answers to what was read already.
    highWater: Math.min(highWater, pending / 2),
    maxBacklog: options.getOptionInteger("component_max_backlog", maxBacklog, 65_536), // bytes
    sendMs: 1000 * options.getOptionPeriod("component_send_timeout", sendMs / 1000, 1),
    stanzaMs: 1000 * options.getOptionPeriod("component_stanza_timeout", stanzaMs / 1000, 1),
  };
}
