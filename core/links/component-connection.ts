import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import { component, type ComponentEntity } from "@xmpp/component";
import type { Clock } from "../timers/clock.js";
import { Element, xml } from "../xmpp/element.js";
import { NS_PING } from "../xmpp/namespaces.js";
import { StanzaDeadline } from "./stanza-deadline.js";
import { parseStreamError, StreamError, streamErrorElement } from "../xmpp/stream-error.js";
import { StreamParser, type StreamLimits } from "../xmpp/stream-parser.js";
import { serialise } from "../xmpp/template.js";
import { failureOfFirstBytes, failureOfSocketError, failureOfStreamError, type LinkFailure } from "./link-failure.js";
import type { Outlet } from "./outlet.js";
import { SocketOutlet } from "./socket-outlet.js";
import { formatUpstream, type Upstream } from "./upstream.js";

/** Namespace of the stream of an accepted component (XEP-0114 §3). */
const NS_COMPONENT = "jabber:component:accept";

/** Bounds of a connection to an upstream server. */
export interface LinkLimits extends StreamLimits {
  /** What may wait for a server that does not read, before the connection is given up; UTF-16 units. */
  readonly maxPending: number;
  /** While more than this waits to be sent, nothing is read; UTF-16 units. */
  readonly highWater: number;
  /** How long that may last: a server that in turn does not read while it cannot write would wait for us for ever. */
  readonly stallMs: number;
  readonly connectMs: number;
  /** From the connection to the end of the handshake. */
  readonly handshakeMs: number;
  /** From the beginning of a stanza to its end. */
  readonly stanzaMs: number;
  /** Silence after which the server is asked whether it is there. */
  readonly idleMs: number;
  /** How long it may take to answer that. */
  readonly pingMs: number;
}

/** Prosody's stanza size for components, and room for a burst to thousands of occupants. */
export const DEFAULT_LINK_LIMITS: LinkLimits = {
  maxStanzaBytes: 524_288,
  maxDepth: 128,
  maxAttributes: 128,
  maxPending: 67_108_864,
  highWater: 4_194_304,
  stallMs: 120_000,
  connectMs: 10_000,
  handshakeMs: 10_000,
  stanzaMs: 120_000,
  idleMs: 60_000,
  pingMs: 30_000,
};

/** What a {@link ComponentConnection} is for, and whom it tells. */
export interface ComponentConnectionOptions {
  readonly host: string;
  readonly upstream: Upstream;
  readonly secret: string;
  readonly clock: Clock;
  readonly limits: LinkLimits;
  /** Whether to ask a silent server for a sign of life. */
  readonly pings: boolean;
  onUp(outlet: Outlet): void;
  onStanza(stanza: Element): void;
  /** An element that is neither a stanza nor of the handshake. */
  onStray(name: string): void;
  /** The server answered a ping. */
  onPong(): void;
  /** It is over, told once; `undefined`: we ended it. */
  onClosed(failure: LinkFailure | undefined): void;
  /** A handler threw. */
  onHandlerError(error: unknown): void;
}

/**
 * One connection of a component (XEP-0114), from the first SYN to the last byte; a new one is made for each attempt.
 *
 * Header and handshake are `@xmpp/component`'s. Its parser is replaced by ours, of which it sees the handshake only:
 * stanzas do not pass its middleware, which answers requests by itself. Its reconnection and its timeouts are off.
 */
export class ComponentConnection {
  readonly #options: ComponentConnectionOptions;
  readonly #socket = new Socket();
  readonly #outlet: SocketOutlet;
  readonly #parser: StreamParser;
  /** What `@xmpp/component` takes for its parser. */
  readonly #parserEvents = new EventEmitter();
  #state: "connecting" | "opening" | "handshaking" | "up" | "closed" = "connecting";
  #lastReadMs = 0;
  /** Reads so far: an answer may come within the millisecond of the question. */
  #reads = 0;
  #pingId: string | undefined;
  #timer: { cancel(): void } | undefined;
  readonly #stanzaDeadline: StanzaDeadline;
  /** Set while reading is paused. */
  #stall: { cancel(): void } | undefined;

  constructor(options: ComponentConnectionOptions) {
    this.#options = options;
    const { limits } = options;
    this.#stanzaDeadline = new StanzaDeadline({
      wait: (fn) => options.clock.wakeAt(options.clock.now() + limits.stanzaMs, fn),
      onLate: () => {
        const error = new StreamError("connection-timeout", "a stanza took too long");
        this.#fail({ kind: "bad-stream", detail: error.message }, serialise(streamErrorElement(error)));
      },
    });
    this.#outlet = new SocketOutlet(this.#socket, {
      maxPending: limits.maxPending,
      onOverflow: () => {
        this.#fail({ kind: "overflow" });
      },
    });
    this.#parser = new StreamParser(
      limits,
      {
        onStreamStart: ({ id = "" }) => {
          this.#onHeader(id);
        },
        onStanza: (element) => {
          this.#onElement(element);
        },
        onStreamEnd: () => {
          this.#fail(this.#state === "up" ? { kind: "lost", detail: "stream closed" } : { kind: "closed-early" });
        },
        onError: (error) => {
          const wrongPort = this.#state === "opening" && error.condition === "invalid-namespace"; // of its header
          this.#fail(
            { kind: wrongPort ? "wrong-port" : "bad-stream", detail: error.message },
            serialise(streamErrorElement(error)),
          );
        },
        onHandlerError: options.onHandlerError,
      },
      NS_COMPONENT,
    );
  }

  /** Begins to connect; what comes of it is told by the callbacks. */
  start(): void {
    const socket = this.#socket;
    socket.on("connect", () => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      this.#state = "opening";
      this.#deadline(this.#options.limits.handshakeMs, { kind: "handshake-timeout" });
    });
    socket.on("error", (error) => {
      this.#fail(failureOfSocketError(error, this.#state !== "connecting"));
    });
    socket.on("close", () => {
      this.#fail(this.#state === "up" ? { kind: "lost", detail: "closed by the server" } : { kind: "closed-early" });
    });
    socket.on("drain", () => {
      this.#resume();
    });
    this.#deadline(this.#options.limits.connectMs, { kind: "connect-timeout" });
    // Its promises tell less than the events do, and reject when the connection ends, which is told already.
    this.#entity()
      .start()
      .catch(() => undefined);
  }

  /** Closes the stream, and gives the server two seconds to take in what was sent. */
  stop(): Promise<void> {
    if (this.#state === "up") this.#outlet.end("</stream:stream>");
    this.#close(undefined);
    if (this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once("close", () => resolve()));
  }

  #entity(): ComponentEntity {
    const { host, secret, upstream } = this.#options;
    const entity = component({
      service: formatUpstream(upstream),
      domain: host,
      // It is hashed as latin1; servers hash the bytes of UTF-8.
      password: Buffer.from(secret).toString("latin1"),
    });
    entity.reconnect.stop();
    entity.timeout = 0;
    const socket = this.#socket;
    const parserEvents = this.#parserEvents;
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
    entity._onData = (data) => {
      this.#onData(data);
    };
    entity.on("error", (error) => {
      if (this.#state !== "up") this.#fail({ kind: "lost", detail: String(error) });
    });
    return entity;
  }

  #onData(data: Buffer): void {
    if (this.#state === "closed") return;
    this.#lastReadMs = this.#options.clock.now();
    if (this.#reads++ === 0) {
      const failure = failureOfFirstBytes(data);
      if (failure) {
        this.#fail(failure);
        return;
      }
    }
    this.#parser.write(data);
    this.#stanzaDeadline.read(this.#parser);
    if (this.#outlet.pending > this.#options.limits.highWater) this.#pause();
  }

  /** Who does not read our answers gets no more questions in. */
  #pause(): void {
    const { clock, limits } = this.#options;
    this.#socket.pause();
    // After the outlet has flushed: what the kernel took at once causes no "drain".
    setImmediate(() => {
      if (this.#state === "closed" || !this.#socket.writableNeedDrain) this.#resume();
      else this.#stall ??= clock.wakeAt(clock.now() + limits.stallMs, () => this.#fail({ kind: "overflow" }));
    });
  }

  #resume(): void {
    this.#stall?.cancel();
    this.#stall = undefined;
    this.#socket.resume();
  }

  #onHeader(id: string): void {
    this.#state = "handshaking";
    this.#parserEvents.emit("start", xml("stream", { id: Buffer.from(id).toString("latin1") }));
  }

  #onElement(element: Element): void {
    const streamError = parseStreamError(element);
    if (streamError) {
      this.#fail(failureOfStreamError(streamError, this.#state === "up"));
    } else if (this.#state === "up") {
      this.#onUpElement(element);
    } else if (element.name === "handshake" && element.attrs["xmlns"] === undefined) {
      this.#parserEvents.emit("element", element);
      this.#onHandshake();
    } else {
      this.#fail({ kind: "wrong-port", detail: `sent <${element.name}/> instead of a handshake` });
    }
  }

  #onHandshake(): void {
    this.#state = "up";
    this.#timer?.cancel();
    this.#watch();
    this.#options.onUp(this.#outlet);
  }

  #onUpElement(element: Element): void {
    const { name, attrs } = element;
    const isStanza = name === "message" || name === "presence" || name === "iq";
    if (!isStanza || attrs["xmlns"] !== undefined) this.#options.onStray(name);
    else if (name === "iq" && this.#isPong(element)) this.#onPong();
    else this.#options.onStanza(element);
  }

  // The ping goes to ourselves, as that is the one address that is there for certain: it comes back as it went, or as an
  // error, and either shows that the server routes.
  #isPong({ attrs }: Element): boolean {
    return this.#pingId !== undefined && attrs["id"] === this.#pingId && attrs["from"] === this.#options.host;
  }

  #onPong(): void {
    this.#pingId = undefined;
    this.#options.onPong();
  }

  /** Wakes up when the server may have been silent for too long; no timer is moved when something is read. */
  #watch(): void {
    const { clock, limits, pings } = this.#options;
    if (!pings) return;
    const at = this.#lastReadMs + limits.idleMs;
    this.#timer = clock.wakeAt(at, () => {
      if (this.#state !== "up") return;
      if (clock.now() - this.#lastReadMs < limits.idleMs || this.#socket.isPaused()) this.#rewatch();
      else this.#ping();
    });
  }

  #rewatch(): void {
    // While reading is paused, silence is our own doing.
    if (this.#socket.isPaused()) this.#lastReadMs = this.#options.clock.now();
    this.#watch();
  }

  #ping(): void {
    const { clock, host, limits } = this.#options;
    const askedMs = clock.now();
    const reads = this.#reads;
    this.#pingId = `ping-${askedMs.toString(36)}`;
    this.#outlet.write(
      serialise(xml("iq", { type: "get", id: this.#pingId, from: host, to: host }, xml("ping", NS_PING))),
    );
    this.#timer = clock.wakeAt(askedMs + limits.pingMs, () => {
      if (this.#state !== "up") return;
      if (this.#reads > reads || this.#socket.isPaused()) this.#rewatch();
      else this.#fail({ kind: "silent" });
    });
  }

  #deadline(ms: number, failure: LinkFailure): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.wakeAt(clock.now() + ms, () => {
      this.#fail(failure);
    });
  }

  /** @param farewell a stream error for the peer */
  #fail(failure: LinkFailure, farewell = ""): void {
    if (this.#state === "closed") return;
    if (farewell !== "" && this.#outlet.open) this.#outlet.end(`${farewell}</stream:stream>`);
    else this.#outlet.discard();
    this.#close(failure);
  }

  #close(failure: LinkFailure | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#parser.stop();
    this.#timer?.cancel();
    this.#stall?.cancel();
    this.#stanzaDeadline.stop();
    // A socket that is not yet connected has nothing to flush, and one that was drained lately closes at once.
    if (failure?.kind === "overflow" || this.#socket.connecting) this.#socket.destroy();
    else this.#destroySoon();
    this.#options.onClosed(failure);
  }

  #destroySoon(): void {
    if (this.#socket.destroyed) return;
    const { clock } = this.#options;
    const timer = clock.wakeAt(clock.now() + 2_000, () => this.#socket.destroy());
    this.#socket.once("close", () => {
      timer.cancel();
    });
    this.#socket.resume(); // what still comes is dropped, so that its end is seen
    this.#socket.destroySoon();
  }
}
