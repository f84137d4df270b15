import type { Element } from "../../core/index.js";
import { connectClient, type Client } from "../../core/testing/client.js";

/** How the answer to a request came out; `lost`: the connection ended before it came. */
export type Answer = { readonly kind: "result" | "error"; readonly stanza: Element } | { readonly kind: "lost" };

/** A client with many requests under way, which hears messages as they come. */
export class Session {
  readonly #client: Client;
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  #count = 0;
  #isOver = false;

  private constructor(
    client: Client,
    readonly user: string,
  ) {
    this.#client = client;
    client.inbox.onArrival = (stanza) => {
      this.#take(stanza);
    };
    void client.closed.then(() => {
      this.#isOver = true;
      for (const resolve of this.#waiting.values()) resolve({ kind: "lost" });
      this.#waiting.clear();
    });
  }

  /** Logs in as somebody of `localhost`. */
  static async open(port: number, user: string): Promise<Session> {
    const jid = `${user}@localhost/torture`;
    return new Session(await connectClient({ jid, password: "any", port, timeoutMs: 60_000 }), user);
  }

  /** Called with every message and presence. */
  onStanza: (stanza: Element) => void = () => undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the connection is gone, and all that came over it was read. */
  get closed(): Promise<void> {
    return this.#client.closed;
  }

  send(stanza: string): void {
    this.#client.send(stanza);
  }

  /** A name for a stanza that this session has not given before. */
  nextId(): string {
    return `${this.user}-${++this.#count}`;
  }

  /** Waits for the stanza of that kind and id that answers what `send` sent. */
  answer(key: string): Promise<Answer> {
    if (this.#isOver) return Promise.resolve({ kind: "lost" });
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }

  /** An iq and its answer. */
  request(type: "get" | "set", to: string, payload: string): Promise<Answer> {
    const id = this.nextId();
    const answer = this.answer(`iq ${id}`);
    this.send(`<iq type="${type}" id="${id}" to="${to}">${payload}</iq>`);
    return answer;
  }

  /** Enters a room, without its history. @returns its own presence there, or why not */
  enter(room: string, nick: string): Promise<Answer> {
    const answer = this.answer(`presence ${room}/${nick}`);
    const x = '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x>';
    this.send(`<presence to="${room}/${nick}">${x}</presence>`);
    return answer;
  }

  drop(): void {
    this.#client.drop();
  }

  #take(stanza: Element): void {
    this.#client.inbox.takeAll(); // all are looked at here, the last one is put there after this
    const { id, type, from } = stanza.attrs as Record<string, string | undefined>;
    const key = stanza.name === "presence" ? `presence ${from ?? ""}` : `${stanza.name} ${id ?? ""}`;
    const resolve = this.#waiting.get(key);
    this.#waiting.delete(key);
    resolve?.({ kind: type === "error" ? "error" : "result", stanza });
    if (stanza.name !== "iq") this.onStanza(stanza);
  }
}

/** The condition of an error, with its text. */
export function conditionOf(stanza: Element): string {
  const children = stanza.getChild("error")?.getChildElements() ?? [];
  return children.map((child) => (child.name === "text" ? `"${child.text()}"` : child.name)).join(" ");
}
