/**
 * A raw XMPP client for tests: logs in over TCP, gives what it receives in order, and does nothing by itself: no
 * presence, no roster, no answer to anything.
 */
import { randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { getChild, xml, childElements, type Element } from "../xmpp/element.js";
import { splitJid } from "../xmpp/jid.js";
import { NS_BIND, NS_SASL, NS_SESSION, NS_TLS } from "../xmpp/namespaces.js";
import { escapeAttribute, serialise } from "../xmpp/template.js";
import { StreamParser, type StreamLimits } from "../xmpp/stream-parser.js";
import { Inbox } from "./inbox.js";
import { Pings } from "./pings.js";
import { startSasl } from "./sasl.js";
import { parseExpectation } from "./scansion.js";
import { expectIn } from "./search.js";

/** A server may send more than it takes. */
const LIMITS: StreamLimits = { maxStanzaBytes: 64 * 1024 * 1024, maxDepth: 1024, maxAttributes: 1024 };

/** Whom to log in as, and where. */
export interface ClientOptions {
  /** `user@host`, `user@host/resource`, or `host` alone for an anonymous login. */
  readonly jid: string;
  readonly password?: string | undefined;
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Default: 5222. */
  readonly port?: number;
  /** For each step of the login (default: 10000 ms). */
  readonly timeoutMs?: number;
  /** A SASL mechanism, and no other (default: PLAIN, else SCRAM; ANONYMOUS without a user). */
  readonly mechanism?: string;
  /**
   * `required` (default): TLS is started when the server demands it. `always`: it is started, or the login fails.
   * Any certificate is accepted.
   */
  readonly tls?: "required" | "always";
}

/**
 * Connects, logs in and binds a resource.
 * @throws Error that says at which step, and what the server said
 */
export async function connectClient(options: ClientOptions): Promise<Client> {
  const client = await Client.open(options);
  try {
    await client.logIn();
  } catch (error) {
    client.drop();
    throw error;
  }
  return client;
}

/** A connection to a client port; made by {@link connectClient}, or by `open` when the stream itself is under test. */
export class Client {
  /** What came since the login, or since the stream was opened without one. */
  readonly inbox = new Inbox();
  readonly #pings = new Pings();
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #socket: Socket;
  #parser: StreamParser | undefined;
  #jid: string | undefined;

  private constructor(
    socket: Socket,
    readonly options: ClientOptions,
  ) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#listen(socket);
  }

  /** Connects, without opening a stream. */
  static async open(options: ClientOptions): Promise<Client> {
    const { host = "127.0.0.1", port = 5222 } = options;
    const socket = connectTcp({ host, port });
    await within(options.timeoutMs ?? 10_000, `connect to ${host}:${port}`, (resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.setNoDelay(true);
    return new Client(socket, options);
  }

  /** The full JID it is bound to. @throws TypeError before the login */
  get jid(): string {
    if (this.#jid === undefined) throw new TypeError("jid: not logged in");
    return this.#jid;
  }

  /** Whether the connection is encrypted. */
  get isEncrypted(): boolean {
    return "encrypted" in this.#socket;
  }

  /** Resolves once the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Sends a stanza, as an element or as text. */
  send(stanza: Element | string): void {
    this.write(typeof stanza === "string" ? stanza : serialise(stanza));
  }

  /** Sends text, well-formed or not. */
  write(text: string): void {
    if (this.#socket.writable) this.#socket.write(text);
  }

  /** A round trip that leaves no trace in the inbox. @returns false when nothing came back in time */
  async ping(to: string, timeoutMs: number): Promise<boolean> {
    if (this.inbox.ended !== undefined) return false;
    return this.#pings.send((stanza) => this.send(stanza), to, timeoutMs);
  }

  /** The next stanza. @throws Error when none comes in time (default: 5000 ms) */
  async receive(timeoutMs = 5000): Promise<Element> {
    if (await this.inbox.arrival(timeoutMs)) {
      const stanza = this.inbox.take();
      if (stanza !== undefined) return stanza;
    }
    throw new Error(`${this.options.jid}: ${this.inbox.ended ?? `nothing received within ${timeoutMs} ms`}`);
  }

  /**
   * The next stanza that is as expected by the rules of scenario scripts; what comes before it is passed over, and gone.
   * @throws Error with the difference to the nearest
   */
  async see(expected: Element | string, timeoutMs = 5000): Promise<Element> {
    const wanted = typeof expected === "string" ? parseExpectation(expected) : expected;
    return expectIn(this.inbox, wanted, { who: this.options.jid, inOrder: false, timeoutMs });
  }

  /** Closes the stream, and waits until the server has closed the connection. */
  async disconnect(): Promise<void> {
    this.write("</stream:stream>");
    const timer = setTimeout(() => this.drop(), this.options.timeoutMs ?? 10_000);
    await this.#closed;
    clearTimeout(timer);
  }

  /** Closes the connection at once, without a word. */
  drop(): void {
    this.#socket.destroy();
  }

  /** Logs in and binds, over a connection made by `open`. */
  async logIn(): Promise<void> {
    const { node, resource } = splitJid(this.options.jid);
    let features = await this.openStream();
    const starttls = getChild(features, "starttls", NS_TLS);
    if (this.options.tls === "always" || (starttls && getChild(starttls, "required", NS_TLS))) {
      if (starttls === undefined) throw new Error("TLS is not offered");
      await this.startTls();
      features = await this.openStream();
    }
    await this.#authenticate(features, node);
    features = await this.openStream();
    const bind = xml("bind", NS_BIND);
    if (resource !== undefined) bind.append(xml("resource", {}, resource));
    const bound = getChild(await this.#request("bind", bind), "bind", NS_BIND);
    this.#jid = bound && getChild(bound, "jid", NS_BIND)?.text();
    if (this.#jid === undefined) throw new Error("bind: the server gave no JID");
    const session = getChild(features, "session", NS_SESSION);
    if (session && !getChild(session, "optional", NS_SESSION)) {
      await this.#request("session", xml("session", NS_SESSION));
    }
  }

  /** Opens a (new) stream. @returns the server's stream features */
  async openStream(): Promise<Element> {
    this.#parser = this.#newParser();
    const to = escapeAttribute(splitJid(this.options.jid).domain);
    this.write(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' " +
        `xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to="${to}">`,
    );
    return this.#next("features", "open a stream");
  }

  /** Starts TLS (RFC 6120 §5); the stream has to be opened anew then. */
  async startTls(): Promise<void> {
    this.send(xml("starttls", NS_TLS));
    await this.#next("proceed", "start TLS");
    const plain = this.#socket;
    plain.removeAllListeners();
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    this.#socket = secure;
    await within(this.options.timeoutMs ?? 10_000, "start TLS", (resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
    });
    this.#listen(secure);
  }

  async #authenticate(features: Element, user: string | undefined): Promise<void> {
    const offered = getChild(features, "mechanisms", NS_SASL);
    const mechanisms = offered === undefined ? [] : childElements(offered).map((child) => child.text());
    const exchange = startSasl(mechanisms, user, this.options.password, this.options.mechanism);
    const initial = exchange.start();
    const encoded = initial === "" ? "=" : base64(initial);
    this.send(xml("auth", { xmlns: NS_SASL, mechanism: exchange.mechanism }, encoded));
    for (;;) {
      const answer = await this.#next(undefined, "log in");
      const data = Buffer.from(answer.text(), "base64").toString();
      if (answer.name === "success") return exchange.finish(data === "" ? undefined : data);
      if (answer.name !== "challenge") throw new Error(`log in as ${this.options.jid}: ${serialise(answer)}`);
      this.send(xml("response", { xmlns: NS_SASL }, base64(exchange.answer(data))));
    }
  }

  async #request(what: string, payload: Element): Promise<Element> {
    const id = `${what}-${randomBytes(4).toString("hex")}`;
    this.send(xml("iq", { type: "set", id }, payload));
    const answer = await this.#next("iq", what);
    if (answer.attrs["type"] !== "result") throw new Error(`${what}: ${serialise(answer)}`);
    return answer;
  }

  /** The next element of a login, which must have that name. */
  async #next(name: string | undefined, what: string): Promise<Element> {
    const timeoutMs = this.options.timeoutMs ?? 10_000;
    if (!(await this.inbox.arrival(timeoutMs))) {
      throw new Error(`${what}: ${this.inbox.ended ?? `no answer within ${timeoutMs} ms`}`);
    }
    const element = this.inbox.take();
    if (element === undefined || (name !== undefined && element.name !== name)) {
      throw new Error(`${what}: expected <${name ?? "…"}/>, got ${element ? serialise(element) : "nothing"}`);
    }
    return element;
  }

  #listen(socket: Socket): void {
    socket.on("data", (chunk) => this.#parser?.write(chunk));
    socket.on("error", (error) => this.inbox.end(error.message));
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      this.inbox.end("the server has closed the connection");
      this.#pings.end();
      this.#resolveClosed();
    });
  }

  #newParser(): StreamParser {
    return new StreamParser(LIMITS, {
      onStreamStart: () => undefined,
      onStanza: (element) => {
        if (!this.#pings.takes(element)) this.inbox.push(element);
      },
      onStreamEnd: () => {
        this.inbox.end("the server has closed the stream");
        this.#socket.end("</stream:stream>");
      },
      onError: (error) => {
        this.inbox.end(`the server sent bad XML: ${error.message}`);
        this.drop();
      },
      onHandlerError: (error) => {
        this.inbox.end(`a test failed while it received: ${String(error)}`);
        this.drop();
      },
    });
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** A promise that has to settle in time. */
async function within(
  timeoutMs: number,
  what: string,
  start: (resolve: () => void, reject: (error: Error) => void) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${what}: no answer within ${timeoutMs} ms`)), timeoutMs);
      start(resolve, reject);
    });
  } catch (cause) {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
