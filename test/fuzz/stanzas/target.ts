import { startService } from "../../../core/testing/service.js";
import { settled } from "../../support/room-engine.js";
import { Cast } from "./cast.js";
import { stanzaTarget } from "./play.js";

const GLOBAL = `
  modules_enabled = { "roster", "saslauth", "disco", "ping", "version", "time", "uptime", "vcard", "vcard_legacy", "private", "register", "presence", "admin_socket" }
  admins = { "admin@localhost" }
  VirtualHost "localhost"
`;

/**
 * Everything that takes stanzas, as clients reach it: whatever comes, nothing throws, each request is answered once,
 * answers and errors are not, and where a client believes to be is where the room says it is.
 */
export const stanzasTarget = stanzaTarget("stanzas", 0.05, async (section, storage, clock) => {
  const service = await startService({ config: GLOBAL + section, storage, clock, listen: false });
  const cast = new Cast((who, arrived) => {
    const client = service.client(who);
    client.inbox.onArrival = (stanza) => {
      client.inbox.takeAll();
      arrived(stanza);
    };
    return {
      send: (stanza) => {
        client.send(stanza);
      },
      disconnect: () => client.disconnect(),
      get isEnded() {
        return client.inbox.ended !== undefined;
      },
    };
  });
  return {
    service,
    cast,
    settle: () => settled(service),
    passTime: (seconds) => {
      clock.advanceSeconds(seconds);
      return Promise.resolve();
    },
    faults: () => [],
    [Symbol.asyncDispose]: () => service.stop(),
  };
});
