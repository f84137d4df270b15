import { startService } from "../../../core/testing/service.js";
import { ComponentHost } from "../../support/component-host.js";
import { settled } from "../../support/room-engine.js";
import { Cast } from "../stanzas/cast.js";
import { stanzaTarget } from "../stanzas/play.js";
import { COMPONENT, HostUsers } from "./users.js";

const GLOBAL = `
  modules_enabled = { "admin_socket" }
  admins = { "admin@localhost" }
`;
/** A silent server is asked for a sign of life, and has so many seconds to give one. */
const PATIENCE_SECONDS = 25;
/** Each of these periods costs round trips. */
const LONGEST_SECONDS = 600;

/**
 * The same as {@link stanzasTarget} over a component link, from users of another server: what comes is not what a client
 * of ours may send, but whatever that server passes on, in whoever's name. Besides, the link survives it.
 */
export const attachedTarget = stanzaTarget("attached", 0.02, async (section, storage, clock) => {
  const host = await ComponentHost.listen("secret");
  const link = `component_upstream = "xmpp://127.0.0.1:${host.port}"; component_secret = "secret"`;
  const service = await startService({ config: `${GLOBAL}${section}; ${link}`, storage, clock });
  const users = new HostUsers(host);
  const settle = async (): Promise<void> => {
    // What was sent is handled when a later question is answered, and what was done by then has arrived.
    for (let rounds = 0; rounds < 2; rounds++) {
      await host.ping(COMPONENT);
      await settled(service);
    }
  };
  return {
    service,
    cast: new Cast((who, arrived) => users.connect(who, arrived)),
    settle,
    passTime: async (seconds) => {
      for (let left = Math.min(seconds, LONGEST_SECONDS); left > 0; left -= PATIENCE_SECONDS) {
        clock.advanceSeconds(Math.min(left, PATIENCE_SECONDS));
        await host.ping(COMPONENT);
      }
      await settle();
    },
    faults: () => [
      ...host.faults,
      ...(host.connections === 1 ? [] : [`the link was lost: ${host.connections} connections`]),
    ],
    [Symbol.asyncDispose]: async () => {
      await service.stop();
      await host.close();
    },
  };
});
