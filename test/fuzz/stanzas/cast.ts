import { childElements, cloneElement, getChild, namespaceOf, xml, type Element } from "../../../core/xmpp/element.js";
import { mapTexts } from "./actions.js";

const NS_MUC_USER = "http://jabber.org/protocol/muc#user";
const ROOMS = "conference.localhost";

/** A request that was made, and what came of it. */
export interface Asked {
  readonly who: string;
  readonly stanza: Element;
  answers: Element[];
  /** The client is gone, and nobody is there to be answered. */
  isMoot: boolean;
}

/** Somebody's way to the service. */
export interface Connection {
  send(stanza: Element): void;
  disconnect(): Promise<void>;
  /** The service has closed it. */
  readonly isEnded: boolean;
}

/** Connects somebody, a full JID; whatever is delivered to them is told to `arrived`. */
export type Connect = (who: string, arrived: (stanza: Element) => void) => Connection;

/** The people: they answer what they are asked, know where they are, and remember what they were told. */
export class Cast {
  readonly #connect: Connect;
  readonly #clients = new Map<string, Connection>();
  /** Room to nick, as the client was told. */
  readonly #places = new Map<string, Map<string, string>>();
  /** Requests by id. */
  readonly asked = new Map<string, Asked>();
  /** Who has sent what must not be answered, and its id. */
  readonly #unanswerable = new Set<string>();
  /** What came to its sender. */
  readonly #cameBack = new Set<string>();
  /** Values that were seen, latest last: session ids, ids of messages. */
  readonly #learned = new Map<string, string[]>();
  readonly wrongs: string[] = [];
  #pings = 0;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  send(who: string, original: Element): void {
    const stanza = mapTexts(original, (text) => this.#fillIn(text));
    const { type, id } = stanza.attrs as Record<string, string | undefined>;
    const client = this.#client(who);
    if (id?.startsWith("f") === true) {
      if (stanza.name === "iq" && (type === "get" || type === "set")) {
        this.asked.set(id, { who, stanza, answers: [], isMoot: false });
      } else if (type === "error" || type === "result") this.#unanswerable.add(`${who} ${id}`);
    }
    client.send(stanza);
  }

  async disconnect(who: string): Promise<void> {
    const client = this.#clients.get(who);
    this.#forget(who);
    await client?.disconnect();
  }

  #forget(who: string): void {
    this.#clients.delete(who);
    this.#places.delete(who);
    for (const asked of this.asked.values()) if (asked.who === who) asked.isMoot = true;
  }

  /** Whose stream was closed by the server: another session has changed the password, say. */
  *ended(): Iterable<string> {
    for (const [who, { isEnded }] of this.#clients) if (isEnded) yield who;
  }

  /** Where clients believe to be: `who`, room, nick. Whoever is connected is asked about each room. */
  *beliefs(rooms: readonly string[]): Iterable<{ who: string; room: string; nick: string | undefined }> {
    for (const [who, { isEnded }] of this.#clients) {
      if (isEnded) continue;
      for (const room of rooms) yield { who, room, nick: this.#places.get(who)?.get(room) };
    }
  }

  /** Asks for an answer. */
  ask(who: string, to: string, payload: Element): Asked {
    const id = `f-check-${++this.#pings}`;
    this.send(who, xml("iq", { type: "get", id, to }, payload));
    return this.asked.get(id) as Asked;
  }

  #client(who: string): Connection {
    const known = this.#clients.get(who);
    if (known && !known.isEnded) return known;
    this.#forget(who);
    const client = this.#connect(who, (stanza) => {
      this.#received(who, client, stanza);
    });
    this.#clients.set(who, client);
    return client;
  }

  #received(who: string, client: Connection, stanza: Element): void {
    this.#learn(stanza);
    const { type, id, from } = stanza.attrs as Record<string, string | undefined>;
    if (stanza.name === "presence") this.#place(who, stanza);
    const key = `${who} ${id ?? ""}`;
    // What somebody sends to themselves comes back as it went, once; that is no answer.
    const isOwn = from === who && !this.#cameBack.has(key);
    if (isOwn) this.#cameBack.add(key);
    if (type === "error" && id !== undefined && this.#unanswerable.has(key) && !isOwn) {
      this.wrongs.push(`${who} was answered to an answer: ${stanza.toString()}`);
    }
    if (stanza.name !== "iq" || id === undefined) return;
    if (type === "get" || type === "set") {
      // Some clients never answer; those who ask them through a room are answered by it then.
      const isSilent = from?.includes(`@${ROOMS}/`) === true && id.length % 3 === 0;
      if (isSilent) return;
      const answer = xml("iq", { type: "result", id, to: from }, ...childElements(stanza).map(cloneElement));
      // Not from within the delivery.
      setImmediate(() => {
        client.send(answer);
      });
    } else if (this.asked.get(id)?.who === who) this.asked.get(id)?.answers.push(stanza);
  }

  #place(who: string, stanza: Element): void {
    const { type, from = "" } = stanza.attrs as Record<string, string | undefined>;
    const [room = "", nick] = splitOnce(from);
    const x = getChild(stanza, "x", NS_MUC_USER);
    if (!room.endsWith(`@${ROOMS}`) || nick === undefined || !x) return;
    const codes = childElements(x).map(({ attrs }) => String(attrs["code"]));
    const places = this.#places.get(who) ?? new Map<string, string>();
    this.#places.set(who, places);
    if (type === undefined && codes.includes("110")) places.set(room, nick);
    else if (type === "unavailable" && places.get(room) === nick && !codes.includes("303")) places.delete(room);
  }

  #learn(element: Element): void {
    const { sessionid, node, id } = element.attrs as Record<string, string | undefined>;
    if (sessionid !== undefined) this.#remember("sessionid", sessionid);
    if (node !== undefined) this.#remember("node", node);
    const xmlns = namespaceOf(element);
    if (id !== undefined && (element.name === "stanza-id" || element.name === "result")) {
      this.#remember("id", id);
      this.#remember("stanza-id", id);
    }
    if (id !== undefined && xmlns === "urn:xmpp:occupant-id:0") this.#remember("occupant-id", id);
    for (const child of childElements(element)) this.#learn(child);
  }

  #remember(what: string, value: string): void {
    const known = this.#learned.get(what) ?? [];
    this.#learned.set(what, known);
    if (known.at(-1) !== value) known.push(value);
  }

  #fillIn(text: string): string {
    return text.replace(/\{\{([\w-]+)#(\d+)\}\}/g, (_, what: string, back: string) => {
      const known = this.#learned.get(what) ?? [];
      return known[known.length - 1 - Number(back)] ?? "unknown";
    });
  }
}

function splitOnce(jid: string): [string, string | undefined] {
  const slash = jid.indexOf("/");
  return slash === -1 ? [jid, undefined] : [jid.slice(0, slash), jid.slice(slash + 1)];
}
