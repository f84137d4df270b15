import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import {
  Backlog,
  bare,
  childElements,
  parseStreamError,
  resourceprep,
  serialise,
  StanzaDeadline,
  StanzaError,
  StreamError,
  streamErrorElement,
  StreamParser,
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
  type StreamLimits,
  type Timer,
} from "chorus-muc";
import { ClientConnection } from "./connection.js";
import { waitFor, type C2sContext } from "./context.js";
import { HeldInput } from "./held-input.js";
import { isStanza, negotiate } from "./negotiation.js";
import { settleConflict } from "./resource.js";
import { hostAsked, isVersionKnown, streamFeatures, streamHeader } from "./stream-opening.js";

/** One client connection: stream headers, features, and the way of its stanzas in and out (RFC 6120 §4 to §7). */
export class C2sStream implements ClientStream {
  [foreign: string]: unknown;
  type: "c2s_unauthed" | "c2s" = "c2s_unauthed";
  host = "";
  username: string | undefined;
  fullJid?: FullJid;
  readonly ip: string;
  readonly log: ModuleLog;
  readonly backlog: Backlog;
  readonly #context: C2sContext;
  readonly #connection: ClientConnection;
  readonly #input: HeldInput;
  #parser: StreamParser;
  #headerSent = false;
  #lang: string | undefined;
  #closed = false;
  #gone = false;
  /** Until the user has logged in. */
  #authDeadline: Timer | undefined;
  /** Until the client has closed its side, once we have closed ours. */
  #closeDeadline: Timer | undefined;
  readonly #stanzaDeadline: StanzaDeadline;

  /** @param socket a TLS socket whose handshake is done, for direct TLS */
  constructor(socket: Socket, context: C2sContext) {
    this.#context = context;
    this.ip = socket.remoteAddress ?? "";
    this.backlog = new Backlog(context.options.maxBacklogBytes);
    const id = randomUUID().slice(0, 8);
    this.log = (level, format, ...args) => {
      context.log(level, `c2s %s: ${format}`, this.fullJid ?? id, ...args);
    };
    this.#stanzaDeadline = new StanzaDeadline({
      wait: (fn) => waitFor(context, context.options.stanzaTimeoutSeconds, fn),
      onLate: () => {
        this.close("connection-timeout", "A stanza took too long");
      },
    });
    this.#connection = new ClientConnection(socket, context, this.log, {
      onData: (chunk) => {
        this.#read(chunk);
      },
      onEnd: () => {
        this.close();
      },
      onClose: () => {
        this.#closed = true;
        this.#leave("connection lost");
        this.#closeDeadline?.stop();
        context.onSocketClosed(this);
      },
      onStalled: (what, condition) => {
        this.#stalled(what, condition);
      },
    });
    this.#input = new HeldInput(this.#connection, {
      handle: (element) => {
        if (element === "end") this.close();
        else this.#handle(element);
      },
      isOpen: () => this.isOpen,
      onFailed: (error) => {
        this.log("error", "negotiation failed: %s", error instanceof Error ? error.stack : error);
        this.close("internal-server-error");
      },
    });
    this.#parser = this.#newParser();
    this.#authDeadline = context.addTimer(context.options.authTimeoutSeconds, () => {
      this.close("connection-timeout", "Not logged in within the time given");
      return undefined;
    });
    this.log("debug", "client connected from %s", this.ip);
  }

  get outlet(): Outlet {
    return this.#connection.outlet;
  }

  get secure(): boolean {
    return this.#connection.isSecure;
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
    this.outlet.write(serialise(stanza));
  }

  channelBinding(type: ChannelBindingType): Buffer | undefined {
    return this.#connection.channelBinding(type);
  }

  hold(work: Promise<void>): void {
    this.#input.hold(work);
  }

  limitRate(rate: ReadRate | undefined): void {
    this.#connection.limitRate(rate);
  }

  #read(chunk: Buffer): void {
    this.backlog.read(chunk.length);
    this.#parser.write(chunk);
    if (!this.isOpen) return;
    this.#stanzaDeadline.read(this.#parser);
    this.#connection.wasRead(chunk.length);
  }

  startTls(context: SecureContext): void {
    this.#restart();
    this.#connection.startTls(context);
  }

  authenticate(username: string): void {
    this.username = username;
    this.#restart();
  }

  /** The next thing to come is a stream header; what was received before it does not count (RFC 6120 §4.3.3). */
  #restart(): void {
    this.#parser.stop();
    this.#parser = this.#newParser();
    this.#input.clear();
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
    const fullJid = settleConflict(host, username, prepared, this.#context.options);
    if (fullJid instanceof StanzaError) return fullJid;
    this.fullJid = fullJid;
    this.type = "c2s";
    this.#authDeadline?.stop();
    if (!this.#isSession()) throw new TypeError("bind: no full JID");
    host.sessions.bind(this);
    host.events.fire("resource-bind", { session: this });
    this.log("info", "resource bound");
    return this;
  }

  #isSession(): this is this & Session {
    return this.fullJid !== undefined;
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
    this.#connection.outlet.end(`${header}${error}</stream:stream>`);
    this.#leave(text ?? condition);
    // Both sides close (RFC 6120 §4.4); a peer that does not is not waited for.
    if (this.#connection.end()) this.#destroyLater();
  }

  /** The peer does not read: what waits for it is dropped, and it is told why in case it ever reads again. */
  #stalled(what: string, condition: StreamErrorCondition): void {
    this.log("info", "client does not read: %s", what);
    this.#connection.outlet.discard();
    if (this.#closed) return;
    this.#closed = true;
    this.#parser.stop();
    const error = streamErrorElement(new StreamError(condition, "What waits is not read"));
    this.#connection.endWith(`${serialise(error)}</stream:stream>`);
    // Rooms hear of the leaving in a turn of their own, not in the middle of the delivery that found it out.
    setImmediate(() => {
      this.#leave("the client does not read");
    });
    this.#destroyLater();
  }

  #destroyLater(): void {
    this.#closeDeadline = this.#context.addTimer(this.#context.options.closeTimeoutSeconds, () => {
      this.#connection.destroy();
      return undefined;
    });
  }

  /** The end, once, however it came: others learn that the session is gone. */
  #leave(reason: string | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#authDeadline?.stop();
    this.#stanzaDeadline.stop();
    this.#connection.stopTimers();
    this.#input.clear();
    if (!this.#isSession()) return;
    const host = this.#context.host(this.host);
    host?.sessions.unbind(this);
    host?.events.fire("resource-unbind", { session: this, ...(reason !== undefined && { error: reason }) });
  }

  get #limits(): StreamLimits {
    const { limits, unauthedLimits } = this.#context.options;
    return this.username === undefined ? unauthedLimits : limits;
  }

  #newParser(): StreamParser {
    return new StreamParser(this.#limits, {
      onStreamStart: (attrs) => {
        this.#open(attrs);
      },
      onStanza: (element) => {
        this.#input.take(element);
      },
      onStreamEnd: () => {
        this.#input.take("end");
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
    return streamHeader(this.host);
  }

  #open(attrs: Readonly<Record<string, string>>): void {
    const to = hostAsked(attrs, this.host);
    if (to instanceof StreamError) {
      this.close(to.condition, to.text);
      return;
    }
    this.host = to;
    if (!isVersionKnown(attrs)) {
      this.close("unsupported-version", "XMPP 1.0 is needed");
      return;
    }
    const host = this.#context.host(to);
    if (!host) {
      this.close("host-unknown", `${to} has no accounts here`);
      return;
    }
    this.#lang = attrs["xml:lang"];
    this.outlet.write(this.#header());
    this.#features(host);
  }

  #features(host: Host): void {
    const { maxStanzaBytes } = this.#limits;
    const features = streamFeatures(this, host, maxStanzaBytes);
    if (!features) {
      this.log(
        "warn",
        "there is no way to log in on this stream: look at encryption and authentication of %s",
        this.host,
      );
      this.close("undefined-condition", "There is no way to proceed on this stream");
      return;
    }
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
      if (this.backlog.isFull || this.#connection.isBehind) this.#input.hold(this.#untilRoom());
      return;
    }
    negotiate(this, this.#context.host(this.host), stanza);
  }

  /** Until enough of what the client has sent is finished, and it has read enough of what it was sent. */
  async #untilRoom(): Promise<void> {
    this.#stanzaDeadline.pause();
    while (this.backlog.isFull || this.#connection.isBehind) {
      await new Promise<void>((resolve) => {
        this.backlog.whenRoom(resolve);
      });
      await this.#connection.untilCaughtUp();
      if (!this.isOpen) return;
    }
    this.#stanzaDeadline.resume();
  }

  /** Whether it belongs to that user; the bare JID is prepared. */
  belongsTo(bareJid: string): boolean {
    return this.fullJid !== undefined && bare(this.fullJid) === bareJid;
  }
}
