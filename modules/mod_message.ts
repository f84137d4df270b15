import {
  bare,
  HostsToken,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  type Hosts,
  type ModuleApi,
  type Session,
  type StanzaEvent,
} from "chorus-muc";

/** Delivers messages to local users (RFC 6121 §8.5); nothing is kept for users who are away. */
@injectable()
export default class MessageDelivery {
  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {}

  load(): void {
    // After whatever takes messages for itself.
    this.module.hook("message/full", (event) => this.#toFull(event), -1);
    this.module.hook("message/bare", (event) => this.#toBare(event), -1);
  }

  #toFull(event: StanzaEvent): StanzaError | true {
    const session = this.hosts.get(this.module.host)?.sessions.get(String(event.stanza.attrs["to"]));
    if (!session) return this.#toBare(event);
    // Available or not: a client that only uses rooms need not send presence.
    session.send(event.stanza);
    return true;
  }

  #toBare({ origin, stanza }: StanzaEvent): StanzaError | true {
    const type: unknown = stanza.attrs["type"];
    if (type === "error") return true;
    const unavailable = new StanzaError({ type: "cancel", condition: "service-unavailable" });
    if (type === "groupchat") return unavailable;
    const user = bare(String(stanza.attrs["to"] ?? origin.fullJid ?? ""));
    const sessions = this.hosts.get(this.module.host)?.sessions.ofUser(user) ?? [];
    const reachable = sessions.filter(({ presence, priority = 0 }) => presence !== undefined && priority >= 0);
    if (type === "headline") {
      for (const session of reachable) session.send(stanza);
      return true;
    }
    const top = topOf(reachable);
    for (const session of top) session.send(stanza);
    return top.length === 0 ? unavailable : true;
  }
}

/** Those with the highest priority. */
function topOf(sessions: readonly Session[]): Session[] {
  const highest = Math.max(...sessions.map(({ priority = 0 }) => priority));
  return sessions.filter(({ priority = 0 }) => priority === highest);
}
