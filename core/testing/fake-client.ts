import assert from "node:assert/strict";
import type { Host } from "../hosts/host.js";
import type { Session } from "../hosts/sessions.js";
import type { Outlet } from "../links/outlet.js";
import type { LogLevel } from "../log/logger.js";
import type { Router } from "../router/router.js";
import type { Origin } from "../router/stanza-event.js";
import { childElements, cloneElement, type Element } from "../xmpp/element.js";
import { domainOf, nodeOf, type FullJid } from "../xmpp/jid.js";
import { parseStanza } from "../xmpp/parse.js";
import { serialise } from "../xmpp/template.js";
import { Inbox } from "./inbox.js";
import { Pings } from "./pings.js";
import { parseExpectation } from "./scansion.js";
import { expectIn } from "./search.js";

/** What a {@link FakeClient} needs of its service. */
export interface FakeClientContext {
  readonly router: Router;
  readonly host: Host;
  /** Takes a line of the log. */
  log(level: LogLevel, format: string, ...args: unknown[]): void;
}

/**
 * A client without a connection: a session bound to a host of the service, whose stanzas go straight into the router,
 * and who keeps what is delivered to it, in order. It does nothing by itself.
 */
export class FakeClient {
  readonly inbox = new Inbox();
  readonly #context: FakeClientContext;
  readonly #pings = new Pings();
  readonly #session: FakeSession;

  /** @param jid prepared, with a resource */
  constructor(
    readonly jid: FullJid,
    context: FakeClientContext,
  ) {
    this.#context = context;
    this.#session = new FakeSession(jid, context, {
      arrived: (stanza) => {
        if (!this.#pings.takes(stanza)) this.inbox.push(stanza);
      },
      ended: (why) => {
        this.#end(why);
      },
    });
    context.host.sessions.bind(this.#session);
    context.host.events.fire("resource-bind", { session: this.#session });
  }

  /** Origin of what it sends: what handlers see as `event.origin`. */
  get origin(): Origin {
    return this.#session;
  }

  /** Sends a stanza, as an element or as text. @throws SyntaxError on text that is not one well-formed element */
  send(stanza: Element | string): void {
    if (!this.#session.outlet.open) return;
    this.#context.router.receive(
      typeof stanza === "string" ? parseStanza(stanza) : cloneElement(stanza),
      this.#session,
    );
  }

  /** The next stanza. @throws Error when none comes in time (default: 5000 ms) */
  async receive(timeoutMs = 5000): Promise<Element> {
    await this.inbox.arrival(timeoutMs);
    const stanza = this.inbox.take();
    if (stanza === undefined) {
      throw new Error(`${this.jid}: ${this.inbox.ended ?? `nothing received within ${timeoutMs} ms`}`);
    }
    return stanza;
  }

  /**
   * The next stanza, which must be what is expected by the rules of scenario scripts.
   * @throws Error with the difference
   */
  async expect(expected: Element | string, timeoutMs = 5000): Promise<Element> {
    return expectIn(this.inbox, typeof expected === "string" ? parseExpectation(expected) : expected, {
      who: this.jid,
      inOrder: true,
      timeoutMs,
    });
  }

  /**
   * The next stanza that is as expected; what comes before it is passed over, and gone.
   * @throws Error with the difference to the nearest
   */
  async see(expected: Element | string, timeoutMs = 5000): Promise<Element> {
    return expectIn(this.inbox, typeof expected === "string" ? parseExpectation(expected) : expected, {
      who: this.jid,
      inOrder: false,
      timeoutMs,
    });
  }

  /**
   * Nothing is there, and nothing comes before a ping has come back.
   * @throws AssertionError with what came
   */
  async expectNothing(): Promise<void> {
    await this.ping(domainOf(this.jid), 5000);
    const stanzas = this.inbox.takeAll();
    assert.equal(
      stanzas.length,
      0,
      `${this.jid} should have received nothing, but got\n${stanzas.map(serialise).join("\n")}`,
    );
  }

  /** A round trip that leaves no trace in the inbox. @returns false when nothing came back in time */
  async ping(to: string, timeoutMs: number): Promise<boolean> {
    if (this.inbox.ended !== undefined) return false;
    return this.#pings.send((stanza) => this.send(stanza), to, timeoutMs);
  }

  /** Ends the session, as when the connection is lost. */
  disconnect(): Promise<void> {
    this.#session.end();
    return Promise.resolve();
  }

  #end(why: string): void {
    this.inbox.end(why);
    this.#pings.end();
  }
}

class FakeSession implements Session {
  readonly type = "c2s";
  readonly host: string;
  readonly username: string | undefined;
  readonly secure = true;
  readonly ip = "127.0.0.1";
  readonly outlet: Outlet;
  presence?: Element | undefined;
  readonly log: FakeClientContext["log"];
  [foreign: string]: unknown;
  readonly #context: FakeClientContext;
  readonly #ended: (why: string) => void;
  #open = true;

  constructor(
    readonly fullJid: FullJid,
    context: FakeClientContext,
    told: { readonly arrived: (stanza: Element) => void; readonly ended: (why: string) => void },
  ) {
    this.#context = context;
    this.#ended = told.ended;
    this.host = context.host.name;
    this.username = nodeOf(fullJid);
    this.log = context.log;
    const isOpen = (): boolean => this.#open;
    this.outlet = {
      get open() {
        return isOpen();
      },
      pending: 0,
      write: (text) => {
        if (!isOpen()) return;
        // What is written may be several stanzas at once.
        for (const stanza of childElements(parseStanza(`<all>${text}</all>`))) {
          stanza.parent = null;
          told.arrived(stanza);
        }
      },
    };
  }

  send(stanza: Element): true {
    this.#context.router.answer(stanza, (answer) => {
      this.outlet.write(serialise(answer));
    });
    return true;
  }

  channelBinding(): undefined {
    return undefined;
  }

  close(condition?: string, text?: string): void {
    this.end([condition, text].filter((part) => part !== undefined).join(": ") || "the session was closed");
  }

  end(why = "disconnected"): void {
    if (!this.#open) return;
    this.#open = false;
    const { host } = this.#context;
    host.sessions.unbind(this);
    host.events.fire("resource-unbind", { session: this });
    this.#ended(why);
  }
}
