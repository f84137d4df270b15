import { randomUUID } from "node:crypto";
import {
  bare,
  childElements,
  cloneElement,
  errorReply,
  getChild,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_PING,
  NS_VCARD,
  reply,
  StanzaError,
  type DeferredRequest,
  type Element,
  type FullJid,
  type IqEvent,
  type StanzaEvent,
} from "chorus-muc";
import { NOT_CONNECTED } from "./refusal.js";
import type { LiveRoom } from "./room.js";

/** What is kept at an account and not at a session: asked of the bare JID (vCards, avatars). */
const OF_THE_ACCOUNT: ReadonlySet<string> = new Set([
  NS_VCARD,
  "http://jabber.org/protocol/pubsub",
  "urn:ietf:params:xml:ns:vcard-4.0",
]);

/** What nobody outside may ask about an occupant, in whatever room (XEP-0045 §6.6). */
const DISCO: ReadonlySet<string> = new Set([NS_DISCO_INFO, NS_DISCO_ITEMS]);

/** A request that was passed on to an occupant, until it is answered. */
interface Relayed {
  readonly room: LiveRoom;
  /** Nick that it was asked under. */
  readonly asker: string;
  readonly request: DeferredRequest;
  readonly stanza: Element;
  readonly origin: IqEvent["origin"];
  /** Session that is to answer, and JID that it may answer from. */
  readonly responder: FullJid;
  readonly answeredBy: string;
}

/**
 * Requests between occupants (XEP-0045 §17.4), by the id under which they were passed on.
 *
 * The ids are ours, so that neither side learns the other's, and only whom a request was passed to can answer it.
 */
export class IqRelay {
  readonly #relayed = new Map<string, Relayed>();

  /** Number of requests under way. */
  get size(): number {
    return this.#relayed.size;
  }

  /** A get or set to a nick. @returns the refusal, the answer, or `true` when it was passed on */
  ask(room: LiveRoom, event: IqEvent): Element | StanzaError | true {
    const { stanza } = event;
    const from = stanza.attrs["from"] as FullJid;
    const sender = room.occupancy.byRealJid(from);
    const xmlns = String(childElements(stanza)[0]?.attrs["xmlns"]);
    if (!sender && DISCO.has(xmlns)) return new StanzaError({ type: "modify", condition: "bad-request", by: room.jid });
    if (!sender) {
      return new StanzaError({ type: "cancel", condition: "not-acceptable", text: NOT_CONNECTED, by: room.jid });
    }
    const recipient = room.occupancy.byNick(String(stanza.attrs["to"]));
    if (!recipient) {
      const text = "Recipient not in room";
      return new StanzaError({ type: "cancel", condition: "item-not-found", text, by: room.jid });
    }
    // Self-ping (XEP-0410): whoever asks is in the room under that nick, and that is the answer.
    if (recipient === sender && stanza.attrs["type"] === "get" && getChild(stanza, "ping", NS_PING)) {
      return reply(stanza);
    }
    this.#forgetAnswered();
    const answeredBy = OF_THE_ACCOUNT.has(xmlns) ? bare(recipient.jid) : recipient.jid;
    const copy = cloneElement(stanza);
    const id = randomUUID();
    Object.assign(copy.attrs, { id, from: sender.nick, to: answeredBy });
    const request = event.defer();
    const { origin } = event;
    const responder = recipient.jid;
    this.#relayed.set(id, { room, asker: sender.nick, request, stanza, origin, responder, answeredBy });
    room.onRollback(() => this.#relayed.delete(id));
    room.routeStanza(copy);
    return true;
  }

  /** A result or error to a nick: what a request was answered with, or nobody's business. */
  answer(room: LiveRoom, { stanza }: StanzaEvent): void {
    const id = String(stanza.attrs["id"]);
    const relayed = this.#relayed.get(id);
    const from = String(stanza.attrs["from"]);
    if (!relayed || (from !== relayed.answeredBy && from !== relayed.responder)) return;
    if (relayed.room !== room || stanza.attrs["to"] !== relayed.asker) return;
    this.#relayed.delete(id);
    if (relayed.request.answered) return; // in the name of whom was asked, as that took too long
    const answer = cloneElement(stanza);
    const { from: asker, to: asked, id: askedId } = relayed.stanza.attrs as Record<string, string>;
    Object.assign(answer.attrs, { id: askedId, from: asked, to: asker });
    relayed.origin.send(answer);
  }

  /** A session has left a room: what it was asked there will not be answered. */
  sessionLeft(room: LiveRoom, realJid: string): void {
    for (const [id, { room: where, request, stanza, origin, responder }] of this.#relayed) {
      if (responder !== realJid || where !== room) continue;
      this.#relayed.delete(id);
      if (request.answered) continue;
      origin.send(errorReply(stanza, new StanzaError({ type: "wait", condition: "recipient-unavailable" })));
    }
  }

  /** Requests that timed out were answered by the router. */
  #forgetAnswered(): void {
    for (const [id, { request }] of this.#relayed) {
      if (!request.answered) return; // the oldest come first
      this.#relayed.delete(id);
    }
  }
}
