import { cloneElement, getChild, isElement, type Element } from "../xmpp/element.js";
import { bare, domainOf } from "../xmpp/jid.js";
import type { Script } from "./scansion.js";

/** Ids that services give, by the name of their element: what a script must know to speak of a message. */
const GIVEN_IDS = new Map([
  ["stanza-id", "urn:xmpp:sid:0"],
  ["occupant-id", "urn:xmpp:occupant-id:0"],
]);

/**
 * Fills in `${Romeo's JID}` and `${Romeo's full JID}`, `${stanza-id of x}` and `${occupant-id of x}` (of the latest message
 * that anybody has received with the id `x`), and gives rooms their suffix.
 */
export class Placeholders {
  readonly #values = new Map<string, string>();
  readonly #rooms: RegExp | undefined;
  readonly #suffix: string;

  constructor(script: Script, suffix = "") {
    this.#suffix = suffix;
    for (const { name, jid } of script.clients) {
      this.#values.set(`${name}'s JID`, bare(jid));
      if (jid.includes("/")) this.#values.set(`${name}'s full JID`, jid);
    }
    if (suffix !== "") this.#rooms = roomPattern(script);
  }

  bind(client: string, jid: string): void {
    this.#values.set(`${client}'s JID`, bare(jid));
    this.#values.set(`${client}'s full JID`, jid);
  }

  /** Takes in the ids that a received message was given. */
  learn(stanza: Element): void {
    const messageId: unknown = stanza.attrs["id"];
    if (stanza.name !== "message" || typeof messageId !== "string") return;
    for (const [name, xmlns] of GIVEN_IDS) {
      const id: unknown = getChild(stanza, name, xmlns)?.attrs["id"];
      if (typeof id === "string") this.#values.set(`${name} of ${messageId}`, id);
    }
  }

  /** A copy of the element with everything filled in; a placeholder that says nothing stays as it is. */
  fill(element: Element): Element {
    const copy = cloneElement(element);
    this.#fill(copy);
    return copy;
  }

  #fill(element: Element): void {
    const attributes = element.attrs as Record<string, unknown>;
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "string" && name !== "xmlns") attributes[name] = this.#text(value);
    }
    element.children = element.children.map((child: unknown) => {
      if (!isElement(child)) return this.#text(String(child));
      this.#fill(child);
      return child;
    });
  }

  #text(text: string): string {
    const filled = text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => this.#values.get(name) ?? whole);
    return this.#rooms === undefined ? filled : filled.replace(this.#rooms, (room) => room + this.#suffix);
  }
}

/** Matches the local part of every room that the script names. */
function roomPattern(script: Script): RegExp | undefined {
  const accountHosts = new Set(script.clients.map(({ jid }) => String(domainOf(jid))));
  const services = new Set<string>();
  for (const step of script.steps) {
    if (step.kind !== "sends") continue;
    const to: unknown = step.stanza.attrs["to"];
    if (typeof to === "string" && to.includes("@") && !accountHosts.has(domainOf(to))) services.add(domainOf(to));
  }
  if (services.size === 0) return undefined;
  const domains = [...services].map((domain) => domain.replace(/[^\w-]/g, "\\$&"));
  return new RegExp(`[^\\s@/"'<>:&]+(?=@(?:${domains.join("|")})(?![\\w.-]*\\w))`, "g");
}
