import { cloneElement, xml, type Element } from "../../../core/xmpp/element.js";
import { bare, domainOf, parseFullJid, resourceOf } from "../../../core/xmpp/jid.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { errorReply, isRequest, mayBeAnswered } from "../../../core/xmpp/reply.js";
import { StanzaError } from "../../../core/xmpp/stanza-error.js";
import { serialise } from "../../../core/xmpp/template.js";
import type { ComponentHost } from "../../support/component-host.js";
import type { Connection } from "../stanzas/cast.js";

export const COMPONENT = "conference.localhost";

/** In whose name a server might send that is broken, or worse. */
const SENDERS = [
  ...["", "@", "localhost", "ben@localhost", "ADA@LOCALHOST/Study", "stranger@elsewhere.example/x"],
  ...[COMPONENT, `room@${COMPONENT}`, `hall@${COMPONENT}/Ben`, `x@localhost/${"x".repeat(2000)}`],
];
/** One request of so many is in another's name. */
const EVERY = 12;

/** The users of a server that a component is attached to: what the server does for them, and what a broken one would. */
export class HostUsers {
  readonly #host: ComponentHost;
  readonly #online = new Map<string, (stanza: Element) => void>();
  /** Who has really sent what went out in another's name, by its id. */
  readonly #impostors = new Map<string, string>();

  constructor(host: ComponentHost) {
    this.#host = host;
    host.onStanza = (stanza) => {
      this.#route(stanza);
    };
  }

  /** Somebody logs in to the server. */
  connect(who: string, arrived: (stanza: Element) => void): Connection {
    this.#online.set(who, arrived);
    /** Where the server says that they are gone, when they are. */
    const present = new Set<string>();
    return {
      isEnded: false,
      send: (stanza) => {
        const { to, type } = stanza.attrs as Record<string, string | undefined>;
        if (stanza.name === "presence" && to !== undefined && type === undefined) present.add(to);
        this.#send(who, stanza);
      },
      disconnect: () => {
        this.#online.delete(who);
        for (const to of present) this.#pass(xml("presence", { type: "unavailable", from: who, to }));
        return Promise.resolve();
      },
    };
  }

  #send(who: string, stanza: Element): void {
    const sent = cloneElement(stanza);
    const id = sent.attrs["id"] as string | undefined;
    const number = Number(/^f(\d+)$/.exec(id ?? "")?.[1] ?? NaN);
    if (number % EVERY === 0) sent.attrs["from"] = SENDERS[serialise(stanza).length % SENDERS.length];
    else sent.attrs["from"] ??= who;
    if (id !== undefined && sent.attrs["from"] !== who) this.#impostors.set(id, who);
    this.#pass(sent);
  }

  /** What is no XML never comes from a server: that is the parser's to find, which is fuzzed by itself. */
  #pass(stanza: Element): void {
    const text = serialise(stanza);
    let isXml = true;
    try {
      parseStanza(text);
    } catch {
      isXml = false;
    }
    if (isXml && depthOf(stanza) < 100) this.#host.send(text);
    else if (isRequest(stanza)) {
      // As the server that refuses it.
      const refusal = errorReply(stanza, new StanzaError({ type: "modify", condition: "bad-request" }));
      setImmediate(() => {
        this.#route(refusal);
      });
    }
  }

  #route(stanza: Element): void {
    const { to = "", type, id } = stanza.attrs as Record<string, string | undefined>;
    const isAnswer = type === "error" || (stanza.name === "iq" && type === "result");
    const impostor = isAnswer && id !== undefined ? this.#impostors.get(id) : undefined;
    if (impostor === undefined && domainOf(to) === COMPONENT) {
      this.#host.send(stanza);
      return;
    }
    const arrived = this.#online.get(impostor ?? to) ?? (isAnswer ? undefined : this.#anyOf(to, stanza));
    if (arrived) arrived(stanza);
    else this.#bounce(stanza);
  }

  /** A message to an account reaches a session of it (RFC 6121 §8.5.2.1.1). */
  #anyOf(to: string, { name, attrs }: Element): ((stanza: Element) => void) | undefined {
    if (name !== "message" || attrs["type"] === "groupchat" || resourceOf(to) !== undefined) return undefined;
    for (const [who, arrived] of this.#online) if (bare(who) === to) return arrived;
    return undefined;
  }

  /** Nobody is there (RFC 6121 §8.5.3.2). */
  #bounce(stanza: Element): void {
    const to = String(stanza.attrs["to"] ?? "");
    const isAsked = stanza.name === "message" ? mayBeAnswered(stanza) : isRequest(stanza);
    if (!isAsked || (resourceOf(to) !== undefined && parseFullJid(to) === undefined)) return;
    this.#pass(errorReply(stanza, new StanzaError({ type: "cancel", condition: "service-unavailable" })));
  }
}

function depthOf(element: Element): number {
  return (
    1 + Math.max(0, ...element.children.map((child) => (typeof child === "string" ? 0 : depthOf(child as Element))))
  );
}
