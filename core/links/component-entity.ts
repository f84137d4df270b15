import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { component, type ComponentEntity } from "@xmpp/component";
import { formatUpstream, type Upstream } from "./upstream.js";

/** What an entity of `@xmpp/component` works with, in place of what it would make itself. */
export interface ComponentEntityOptions {
  /** Name of the component. */
  readonly host: string;
  readonly upstream: Upstream;
  readonly secret: string;
  /** Of which somebody else reads, so that there are no events `data`. */
  readonly socket: Socket;
  /** What it takes for its parser. */
  readonly parserEvents: EventEmitter;
  readonly onError: (error: unknown) => void;
}

/**
 * `@xmpp/component`, of which header and handshake are used (XEP-0114).
 *
 * Its parser is replaced by ours, of which it sees the handshake only: stanzas do not pass its middleware, which answers
 * requests by itself. Its reconnection and its timeouts are off.
 */
export function componentEntity(options: ComponentEntityOptions): ComponentEntity {
  const { host, upstream, secret, socket, parserEvents, onError } = options;
  const entity = component({
    service: formatUpstream(upstream),
    domain: host,
    // It is hashed as latin1; servers hash the bytes of UTF-8.
    password: Buffer.from(secret).toString("latin1"),
  });
  entity.reconnect.stop();
  entity.timeout = 0;
  entity.Socket = class {
    constructor() {
      return socket;
    }
  } as typeof Socket;
  entity.Parser = class {
    constructor() {
      return parserEvents;
    }
  } as typeof EventEmitter;
  entity.socketParameters = () => ({ ...upstream });
  entity.on("error", onError);
  return entity;
}
