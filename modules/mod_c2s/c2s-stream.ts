import { randomUUID } from "node:crypto";
import { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import {
  bare,
  childElements,
  escapeAttribute,
  joinJid,
  nameprep,
  NS_CLIENT,
  NS_STREAM,
  parseStreamError,
  resourceprep,
  serialise,
  SocketOutlet,
  StanzaDeadline,
  StanzaError,
  StreamError,
  streamErrorElement,
  StreamParser,
  xml,
  type ChannelBindingType,
  type ClientStream,
  type Element,
  type FullJid,
  type Host,
  type ModuleLog,
  type Outlet,
  type ReadRate,
  type Session,
  type StreamErrorCondition,
  type Timer,
  type Wait,
} from "chorus-muc";
import { ReadPace } from "./read-pace.js";
import { SendDeadline } from "./send-deadline.js";
import { serverEndPoint } from "./server-end-point.js";
import { answerUnhandled, isStanza } from "./unhandled.js";
import type { C2sContext } from "./context.js";

/** XEP-0478 lets a server tell what it takes. */
const NS_LIMITS = "urn:xmpp:stream-limits:0";
/** Names that are tried instead of one that is taken. */
const RESOURCE_TRIES = 8;

/** One client connection: stream headers, features, and the way of its stanzas in and out (RFC 6120 §4 to §7). */
export class C2sStream implements ClientStream {
  [foreign: string]: unknown;
  type: "c2s_unauthed" | "c2s" = "c2s_unauthed";
  host = "";
  username: string | undefined;
  fullJid?: FullJid;
  secure = false;
  readonly ip: string;
  readonly log: ModuleLog;
  readonly #context: C2sContext;
  #socket: Socket;
  #outlet: SocketOutlet;
  #parser: StreamParser;
  #headerSent = false;
  #lang: string | undefined;
  #held: Promise<void> | undefined;
  #waiting: Element[] = [];
  #closed = false;
  #gone = false;
  #timer: Timer | undefined;
  readonly #stanzaDeadline: StanzaDeadline;
  readonly #sendDeadline: SendDeadline;
  #pace: ReadPace | undefined;
  /** Set while nothing is read, as enough was for now. */
  #pausing: Timer | undefined;
  /** Stops listening to the present socket. */
  #detach: () => void = () => undefined;

  /** @param socket a TLS socket whose handshake is done, for direct TLS */
  constructor(socket: Socket, context: C2sContext) {
    this.#context = context;
    this.ip = socket.remoteAddress ?? "";
    const id = randomUUID().slice(0, 8);
    this.log = (level, format, ...args) => {
      context.log(level, `c2s %s: ${format}`, this.fullJid ?? id, ...args);
    };
    this.secure = socket instanceof TLSSocket;
    const { stanzaTimeoutSeconds, sendTimeoutSeconds } = context.options;
    this.#stanzaDeadline = new StanzaDeadline({
      wait: (fn) => this.#wait(stanzaTimeoutSeconds, fn),
      onLate: () => {
        this.close("connection-timeout", "A stanza took too long");
      },
    });
    this.#sendDeadline = new SendDeadline({
      seconds: sendTimeoutSeconds,
      wait: (seconds, fn) => this.#wait(seconds, fn),
      onLate: () => {
        this.#stalled(`nothing was taken for ${sendTimeoutSeconds} s`, "connection-timeout");
      },
    });
    this.#socket = socket;
    this.#outlet = this.#attach(socket);
    this.#parser = this.#newParser();
    this.#timer = context.addTimer(context.options.authTimeoutSeconds, () => {
      this.close("connection-timeout", "Not logged in within the time given");
      return undefined;
    });
    this.log("debug", "client connected from %s", this.ip);
  }

  get outlet(): Outlet {
    return this.#outlet;
  }

  /** True until the stream is closed or lost. */
  get isOpen(): boolean {
    return !this.#closed && !this.#gone;
  }

  send(stanza: Element): true {
    // What negotiation sends, and the answer to binding, are no answers that the router waits for.
    if (this.type === "c2s_unauthed" || stanza.attrs["to"] === undefined) this.#write(stanza);
    else
      this.#context.router.answer(stanza, (element) => {
        this.#write(element);
      });
    return true;
  }

  #write(stanza: Element): void {
    this.#outlet.write(serialise(stanza));
  }

  channelBinding(type: ChannelBindingType): Buffer | undefined {
    const socket = this.#socket;
    if (!(socket instanceof TLSSocket)) return undefined;
    if (type === "tls-server-end-point") return serverEndPoint(socket);
    // RFC 9266 §4.2: before TLS 1.3 the value is bound to nothing unless both sides know an extension.
    if (socket.getProtocol() !== "TLSv1.3") return undefined;
    return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  }

  hold(work: Promise<void>): void {
    this.#socket.pause();
    const held = work.then(
      () => {
        this.#resume(held);
      },
      (error: unknown) => {
        this.log("error", "negotiation failed: %s", error instanceof Error ? error.stack : error);
        this.close("internal-server-error");
      },
    );
    this.#held = held;
  }

  #resume(held: Promise<void>): void {
    if (this.#held !== held) return;
    this.#held = undefined;
    while (this.#waiting.length > 0 && this.#held === undefined && this.isOpen) {
      this.#handle(this.#waiting.shift() as Element);
    }
    this.#readOn();
  }

  limitRate(rate: ReadRate | undefined): void {
    const { rate: present } = this.#pace ?? {};
    if (rate?.bytesPerSecond === present?.bytesPerSecond && rate?.burstSeconds === present?.burstSeconds) return;
    this.#pace = rate && new ReadPace(rate);
    this.#pausing?.stop();
    this.#pausing = undefined;
    this.#readOn();
  }

  #read(chunk: Buffer): void {
    this.#parser.write(chunk);
    if (!this.isOpen) return;
    this.#stanzaDeadline.read(this.#parser);
    const seconds = this.#pace?.read(chunk.length, this.#context.now()) ?? 0;
    if (seconds === 0) return;
    this.#socket.pause();
    this.#pausing ??= this.#context.addTimer(seconds, () => {
      this.#pausing = undefined;
      this.#readOn();
      return undefined;
    });
  }

  #readOn(): void {
    if (this.#held === undefined && this.#pausing === undefined) this.#socket.resume();
  }

  #wait(seconds: number, fn: () => void): Wait {
    const timer = this.#context.addTimer(seconds, () => {
      fn();
      return undefined;
    });
    return {
      cancel: () => {
        timer.stop();
      },
    };
  }

  startTls(context: SecureContext): void {
    const plain = this.#socket;
    this.#restart();
    this.#outlet.end();
    this.#detach();
    const socket = new TLSSocket(plain, { isServer: true, secureContext: context });
    socket.once("secure", () => {
      this.secure = true;
      this.log("debug", "TLS: %s %s", socket.getProtocol(), socket.getCipher().name);
    });
    socket.on("_tlsError", (error: Error) => {
      this.log("info", "TLS failed: %s", error.message);
    });
    this.#socket = socket;
    this.#outlet = this.#attach(socket);
  }

  authenticate(username: string): void {
    this.username = username;
    this.#restart();
  }

  /** The next thing to come is a stream header; what was received before it does not count (RFC 6120 §4.3.3). */
  #restart(): void {
    this.#parser.stop();
    this.#parser = this.#newParser();
    this.#waiting = [];
    this.#headerSent = false;
  }

  async bind(resource: string | undefined): Promise<Session | StanzaError> {
    const { username } = this;
    const host = this.#context.host(this.host);
    if (username === undefined || !host || this.fullJid !== undefined) {
      return new StanzaError({ type: "cancel", condition: "not-allowed" });
    }
    const prepared = resource === undefined ? randomUUID() : resourceprep(resource);
    if (prepared === undefined)
      return new StanzaError({ type: "modify", condition: "bad-request", text: "Invalid resource" });
    const refusal = await host.events.fireAsync("pre-resource-bind", { session: this, username });
    if (refusal) return refusal;
    if (!this.isOpen) return new StanzaError({ type: "wait", condition: "recipient-unavailable" });
    const fullJid = this.#settleConflict(host, username, prepared);
    if (fullJid instanceof StanzaError) return fullJid;
    this.fullJid = fullJid;
    this.type = "c2s";
    this.#timer?.stop();
    if (!this.#isSession()) throw new TypeError("bind: no full JID");
    host.sessions.bind(this);
    host.events.fire("resource-bind", { session: this });
    this.log("info", "resource bound");
    return this;
  }

  #isSession(): this is this & Session {
    return this.fullJid !== undefined;
  }

  /** A full JID that nobody has any more, or the refusal (RFC 6120 §7.7.2.2). */
  #settleConflict(host: Host, username: string, resource: string): FullJid | StanzaError {
    const { conflictResolve, maxResources } = this.#context.options;
    const jid = (name: string): FullJid => joinJid(username, this.host, name) as FullJid;
    const other = host.sessions.get(jid(resource));
    if (!other && host.sessions.ofUser(joinJid(username, this.host)).length >= maxResources) {
      return new StanzaError({ type: "wait", condition: "resource-constraint", text: "Too many resources" });
    }
    if (!other) return jid(resource);
    if (conflictResolve === "kick_new") {
      return new StanzaError({ type: "cancel", condition: "conflict", text: "Resource already exists" });
    }
    if (conflictResolve === "kick_old") {
      other.close("conflict", "Replaced by new connection");
      return jid(resource);
    }
    for (let i = 1; i <= RESOURCE_TRIES; i++) {
      const candidate = jid(conflictResolve === "increment" ? `${resource}#${i}` : randomUUID());
      if (!host.sessions.get(candidate)) return candidate;
    }
    return jid(randomUUID());
  }

  close(condition?: string, text?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.log(condition === undefined ? "debug" : "info", "stream closed: %s %s", condition ?? "", text ?? "");
    const header = this.#headerSent ? "" : this.#header();
    const error =
      condition === undefined
        ? ""
        : serialise(streamErrorElement(new StreamError(condition as StreamErrorCondition, text)));
    this.#parser.stop();
    this.#outlet.end(`${header}${error}</stream:stream>`);
    this.#leave(text ?? condition);
    if (this.#socket.destroyed) return;
    if (this.#socket instanceof TLSSocket && !this.secure) {
      // Nothing can be said to a peer that has not finished its handshake.
      this.#socket.destroy();
      return;
    }
    // Both sides close (RFC 6120 §4.4); a peer that does not is not waited for.
    this.#socket.resume();
    this.#socket.end();
    this.#timer = this.#context.addTimer(this.#context.options.closeTimeoutSeconds, () => {
      this.#socket.destroy();
      return undefined;
    });
  }

  /** The peer does not read: what waits for it is dropped, and it is told why in case it ever reads again. */
  #stalled(what: string, condition: StreamErrorCondition): void {
    this.log("info", "client does not read: %s", what);
    this.#outlet.discard();
    if (this.#closed) return;
    this.#closed = true;
    this.#parser.stop();
    const error = streamErrorElement(new StreamError(condition, "What waits is not read"));
    this.#socket.end(`${serialise(error)}</stream:stream>`);
    // Rooms hear of the leaving in a turn of their own, not in the middle of the delivery that found it out.
    setImmediate(() => {
      this.#leave("the client does not read");
    });
    this.#timer?.stop();
    this.#timer = this.#context.addTimer(this.#context.options.closeTimeoutSeconds, () => {
      this.#socket.destroy();
      return undefined;
    });
  }

  /** The end, once, however it came: others learn that the session is gone. */
  #leave(reason: string | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#timer?.stop();
    this.#stanzaDeadline.stop();
    this.#sendDeadline.stop();
    this.#pausing?.stop();
    this.#waiting = [];
    if (!this.#isSession()) return;
    const host = this.#context.host(this.host);
    host?.sessions.unbind(this);
    host?.events.fire("resource-unbind", { session: this, ...(reason !== undefined && { error: reason }) });
  }

  #attach(socket: Socket): SocketOutlet {
    const listeners = {
      data: (chunk: Buffer): void => {
        this.#read(chunk);
      },
      end: (): void => {
        this.close();
      },
      close: (): void => {
        this.#closed = true;
        this.#leave("connection lost");
        this.#timer?.stop();
        this.#context.onSocketClosed(this);
      },
    };
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    this.#detach = () => {
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
    };
    socket.on("error", (error) => {
      this.log("debug", "connection error: %s", error.message);
    });
    return new SocketOutlet(socket, {
      maxPending: this.#context.options.maxPendingBytes,
      onOverflow: () => {
        this.#stalled(`more than ${this.#context.options.maxPendingBytes} bytes wait for it`, "resource-constraint");
      },
      onWaiting: () => {
        this.#sendDeadline.waiting(socket);
      },
    });
  }

  #newParser(): StreamParser {
    const { limits, unauthedLimits } = this.#context.options;
    return new StreamParser(this.username === undefined ? unauthedLimits : limits, {
      onStreamStart: (attrs) => {
        this.#open(attrs);
      },
      onStanza: (element) => {
        if (this.#held) this.#waiting.push(element);
        else this.#handle(element);
      },
      onStreamEnd: () => {
        this.close();
      },
      onError: (error) => {
        this.close(error.condition, error.text);
      },
      onHandlerError: (error) => {
        this.log("error", "handling input failed: %s", error instanceof Error ? error.stack : error);
        this.close("internal-server-error");
      },
    });
  }

  #header(): string {
    this.#headerSent = true;
    const from = this.host === "" ? "" : ` from="${escapeAttribute(this.host)}"`;
    return (
      `<?xml version='1.0'?><stream:stream xmlns="${NS_CLIENT}" xmlns:stream="${NS_STREAM}"` +
      ` id="${randomUUID()}"${from} version="1.0" xml:lang="en">`
    );
  }

  #open(attrs: Readonly<Record<string, string>>): void {
    const to = attrs["to"] === undefined ? undefined : nameprep(attrs["to"].replace(/\.$/, ""));
    if (to === undefined) {
      this.close("improper-addressing", "A valid 'to' is needed in the stream header");
      return;
    }
    if (this.host !== "" && this.host !== to) {
      this.close("not-authorized", "'to' has to stay the same when a stream restarts");
      return;
    }
    this.host = to;
    if (!/^[1-9]\d*\./.test(attrs["version"] ?? "")) {
      this.close("unsupported-version", "XMPP 1.0 is needed");
      return;
    }
    const host = this.#context.host(to);
    if (!host) {
      this.close("host-unknown", `${to} has no accounts here`);
      return;
    }
    this.#lang = attrs["xml:lang"];
    this.#outlet.write(this.#header());
    this.#features(host);
  }

  #features(host: Host): void {
    const features = xml("stream:features", {});
    host.events.fire("stream-features", { origin: this, features });
    if (features.children.length === 0) {
      this.log(
        "warn",
        "there is no way to log in on this stream: look at encryption and authentication of %s",
        this.host,
      );
      this.close("undefined-condition", "There is no way to proceed on this stream");
      return;
    }
    const { limits, unauthedLimits } = this.#context.options;
    const bytes = (this.username === undefined ? unauthedLimits : limits).maxStanzaBytes;
    features.append(xml("limits", NS_LIMITS, xml("max-bytes", {}, String(bytes))));
    this.#write(features);
  }

  #handle(stanza: Element): void {
    const streamError = parseStreamError(stanza);
    if (streamError) {
      this.log("info", "closed by the client: %s", streamError.message);
      this.close();
      return;
    }
    if (this.type === "c2s" && isStanza(stanza)) {
      if (stanza.attrs["type"] === "error" && childElements(stanza).length === 0) return;
      // RFC 6120 §8.1.5: the language of the stream holds for its stanzas.
      if (this.#lang !== undefined && stanza.name !== "iq") stanza.attrs["xml:lang"] ??= this.#lang;
      this.#context.router.receive(stanza, this);
      return;
    }
    const host = this.#context.host(this.host);
    const event = nonzaEvent(stanza);
    if (host?.events.fire(event, { origin: this, stanza }) !== undefined) return;
    answerUnhandled(this, stanza);
  }

  /** Whether it belongs to that user; the bare JID is prepared. */
  belongsTo(bareJid: string): boolean {
    return this.fullJid !== undefined && bare(this.fullJid) === bareJid;
  }
}

/** The event of an element outside a session: `stanza/<xmlns>:<name>`, `stanza/iq/<child>` or `stanza/<name>`. */
function nonzaEvent(element: Element): `stanza/${string}` {
  const xmlns: unknown = element.attrs["xmlns"];
  if (typeof xmlns === "string") return `stanza/${xmlns}:${element.name}`;
  const child = element.name === "iq" ? childElements(element)[0] : undefined;
  return child ? `stanza/iq/${String(child.attrs["xmlns"] ?? NS_CLIENT)}:${child.name}` : `stanza/${element.name}`;
}
