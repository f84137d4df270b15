import { EventEmitter } from "node:events";
import type { Backlog } from "../router/backlog.js";
import type { Clock } from "../timers/clock.js";
import { Element, xml } from "../xmpp/element.js";
import { parseStreamError, StreamError, streamErrorElement } from "../xmpp/stream-error.js";
import { StreamParser } from "../xmpp/stream-parser.js";
import { serialise } from "../xmpp/template.js";
import { bufferedSocket } from "./buffered-socket.js";
import { componentEntity } from "./component-entity.js";
import { failureOfFirstBytes, failureOfSocketError, failureOfStreamError, type LinkFailure } from "./link-failure.js";
import { mostPending, type LinkLimits } from "./link-limits.js";
import { LinkPings } from "./link-pings.js";
import type { Outlet } from "./outlet.js";
import { ReadShare } from "./read-share.js";
import { SendDeadline } from "./send-deadline.js";
import { SocketOutlet } from "./socket-outlet.js";
import { StanzaDeadline, type Wait } from "./stanza-deadline.js";
import { socketTurns } from "./turns.js";
import type { Upstream } from "./upstream.js";

/** Namespace of the stream of an accepted component (XEP-0114 §3). */
const NS_COMPONENT = "jabber:component:accept";

/** What a {@link ComponentConnection} is for, and whom it tells. */
export interface ComponentConnectionOptions {
  readonly host: string;
  readonly upstream: Upstream;
  readonly secret: string;
  readonly clock: Clock;
  readonly limits: LinkLimits;
  /** What came by this connection, or one before it, and is not finished. */
  readonly backlog: Backlog;
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
 */
export class ComponentConnection {
  readonly #options: ComponentConnectionOptions;
  readonly #socket = bufferedSocket((buffer, length) => {
    this.#onData(buffer, length);
  });
  readonly #outlet: SocketOutlet;
  readonly #parser: StreamParser;
  /** What `@xmpp/component` takes for its parser. */
  readonly #parserEvents = new EventEmitter();
  #state: "connecting" | "opening" | "handshaking" | "up" | "closed" = "connecting";
  /** Something was read. */
  #hasRead = false;
  /** Stanzas that were read with others that have to be dealt with first; no more than one read brings. */
  #unhandled: Element[] = [];
  /** Until the link is up. */
  #deadline: Wait | undefined;
  readonly #pings: LinkPings;
  readonly #stanzaDeadline: StanzaDeadline;
  readonly #sendDeadline: SendDeadline;
  readonly #share = new ReadShare({
    pause: () => {
      this.#socket.pause();
    },
    resume: () => {
      this.#goOn();
    },
  });

  constructor(options: ComponentConnectionOptions) {
    this.#options = options;
    const { limits } = options;
    this.#pings = this.#newPings();
    this.#stanzaDeadline = new StanzaDeadline({
      wait: (fn) => this.#wait(limits.stanzaMs, fn),
      onLate: () => {
        this.#failWith("bad-stream", new StreamError("connection-timeout", "a stanza took too long"));
      },
    });
    this.#sendDeadline = new SendDeadline({
      seconds: limits.sendMs / 1000,
      wait: (seconds, fn) => this.#wait(seconds * 1000, fn),
      isPressing: () => this.#outlet.pending > limits.maxPending,
      onLate: () => {
        if (this.#outlet.pending > limits.maxPending) this.#overflow(limits.maxPending);
        else {
          const text = `nothing was taken for ${limits.sendMs / 1000} s`;
          this.#failWith("unread", new StreamError("connection-timeout", text));
        }
      },
    });
    const most = mostPending(limits);
    this.#outlet = new SocketOutlet(this.#socket, {
      maxPending: most,
      onOverflow: () => {
        this.#overflow(most);
      },
      onWaiting: () => {
        this.#sendDeadline.waiting(this.#socket);
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
          this.#failWith(wrongPort ? "wrong-port" : "bad-stream", error);
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
      this.#expire(this.#options.limits.handshakeMs, { kind: "handshake-timeout" });
    });
    socket.on("error", (error) => {
      this.#fail(failureOfSocketError(error, this.#state !== "connecting"));
    });
    socket.on("close", () => {
      this.#fail(this.#state === "up" ? { kind: "lost", detail: "closed by the server" } : { kind: "closed-early" });
    });
    socket.on("drain", () => {
      this.#goOn();
    });
    this.#expire(this.#options.limits.connectMs, { kind: "connect-timeout" });
    // Its promises tell less than the events do, and reject when the connection ends, which is told already.
    componentEntity({
      ...this.#options,
      socket,
      parserEvents: this.#parserEvents,
      onError: (error) => {
        if (this.#state !== "up") this.#fail({ kind: "lost", detail: String(error) });
      },
    })
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

  #newPings(): LinkPings {
    const { clock, host, limits, onPong } = this.#options;
    return new LinkPings({
      host,
      clock,
      idleMs: limits.idleMs,
      pingMs: limits.pingMs,
      isPaused: () => this.#socket.isPaused(),
      write: (text) => {
        this.#outlet.write(text);
      },
      onPong,
      onSilent: () => {
        this.#fail({ kind: "silent" });
      },
    });
  }

  #onData(buffer: Buffer, length: number): void {
    if (this.#state === "closed") return;
    this.#pings.read();
    const failure = this.#hasRead ? undefined : failureOfFirstBytes(buffer.subarray(0, length));
    this.#hasRead = true;
    if (failure) {
      this.#fail(failure);
      return;
    }
    this.#options.backlog.read(length);
    socketTurns.read(this.#parser, buffer, length);
    if (this.#isClosed()) return;
    this.#stanzaDeadline.read(this.#parser);
    this.#share.read(length);
    if (this.#hasEnough()) this.#pause();
    // Its answers were taken as soon as it had been read.
    else if (this.#unhandled.length > 0) this.#goOn();
  }

  /** Who does not read our answers gets no more questions in, nor who sends faster than we finish with it. */
  #hasEnough(): boolean {
    return this.#options.backlog.isFull || this.#outlet.pending > this.#options.limits.highWater;
  }

  #pause(): void {
    this.#socket.pause();
    this.#stanzaDeadline.pause();
    const { backlog } = this.#options;
    if (backlog.isFull) {
      backlog.whenRoom(() => {
        this.#goOn();
      });
      return;
    }
    // After the outlet has flushed: what the kernel took at once causes no "drain".
    setImmediate(() => {
      if (!this.#socket.writableNeedDrain) this.#goOn();
    });
  }

  /** What waited was taken, or finished: what had come with it is handled, and then more is read. */
  #goOn(): void {
    while (this.#unhandled.length > 0 && !this.#hasEnough()) this.#handle(this.#unhandled.shift() as Element);
    if (this.#isClosed()) return;
    if (this.#hasEnough()) this.#pause();
    else if (!this.#share.isUsedUp) {
      this.#stanzaDeadline.resume();
      this.#socket.resume();
    }
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
    this.#deadline?.cancel();
    if (this.#options.pings) this.#pings.start();
    this.#options.onUp(this.#outlet);
  }

  #onUpElement(element: Element): void {
    const { name, attrs } = element;
    const isStanza = name === "message" || name === "presence" || name === "iq";
    if (!isStanza || attrs["xmlns"] !== undefined) this.#options.onStray(name);
    else if (this.#pings.take(element)) return;
    else if (this.#unhandled.length > 0 || this.#hasEnough()) this.#unhandled.push(element);
    else this.#options.onStanza(element);
  }

  #handle(stanza: Element): void {
    try {
      this.#options.onStanza(stanza);
    } catch (error) {
      this.#options.onHandlerError(error);
    }
  }

  #wait(ms: number, fn: () => void): Wait {
    const { clock } = this.#options;
    return clock.wakeAt(clock.now() + ms, fn);
  }

  #expire(ms: number, failure: LinkFailure): void {
    this.#deadline?.cancel();
    this.#deadline = this.#wait(ms, () => {
      this.#fail(failure);
    });
  }

  #overflow(bytes: number): void {
    this.#failWith("unread", new StreamError("resource-constraint", `more than ${bytes} bytes wait`));
  }

  /** Ends the connection over something that the peer is told. */
  #failWith(kind: LinkFailure["kind"], error: StreamError): void {
    this.#fail({ kind, detail: error.message }, `${serialise(streamErrorElement(error))}</stream:stream>`);
  }

  /** @param farewell the last that is sent */
  #fail(failure: LinkFailure, farewell = ""): void {
    // What had come whole before the end counts, unless it is what makes too much.
    if (failure.kind !== "unread") for (const stanza of this.#unhandled.splice(0)) this.#handle(stanza);
    if (this.#isClosed()) return;
    if (failure.kind === "unread") {
      // What waits is dropped; why is told in case the server ever reads again.
      this.#outlet.discard();
      if (this.#socket.writable) this.#socket.write(farewell);
    } else if (farewell !== "" && this.#outlet.open) this.#outlet.end(farewell);
    else this.#outlet.discard();
    this.#close(failure);
  }

  /** In a function, as what is called in between may close it. */
  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #close(failure: LinkFailure | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#parser.stop();
    this.#unhandled = [];
    this.#deadline?.cancel();
    this.#pings.stop();
    this.#stanzaDeadline.stop();
    this.#sendDeadline.stop();
    // A socket that is not yet connected has nothing to flush.
    if (this.#socket.connecting) this.#socket.destroy();
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
