import type { Config } from "../config/config.js";
import { Options } from "../config/options.js";
import type { Host } from "../hosts/host.js";
import type { Logger } from "../log/logger.js";
import type { Router } from "../router/router.js";
import type { Clock } from "../timers/clock.js";
import { serialise } from "../xmpp/template.js";
import { ComponentLink } from "./component.js";
import type { Link } from "./link.js";
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
    limits: { maxStanzaBytes: options.getOptionInteger("component_stanza_size_limit", 524_288, 10_000) }, // bytes
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
