import {
  authProviderOf,
  bare,
  childText,
  ClockToken,
  cloneElement,
  formatDateTime,
  HostsToken,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  NS_DELAY,
  StanzaError,
  xml,
  type BareJid,
  type Clock,
  type Element,
  type ExportsOf,
  type Hosts,
  type ModuleApi,
  type Session,
  type StanzaEvent,
} from "chorus-muc";
import { isSubscriptionType, Subscriptions } from "./subscriptions.js";

/** Addresses that one session may have sent presence to directly. */
const MAX_DIRECTED = 10_000;

/**
 * Presence of local users (RFC 6121 §3, §4): who is there is told to contacts and to the user's other resources, and
 * who goes, however that came, is told to everybody that knew. Rooms learn in this way that a client is gone.
 */
@injectable()
export default class Presence {
  /** Whom a session sent available presence to, beside its contacts (RFC 6121 §4.6). */
  readonly #directed = new WeakMap<Session, Set<string>>();
  readonly #sentAt = new WeakMap<Element, string>();
  /** Subscription stanzas that arrived and are being dealt with, by account. */
  readonly #negotiating = new Map<BareJid, Promise<void>>();
  #rosters!: ExportsOf<"roster">;
  #subscriptions!: Subscriptions;
  #ignorePriority = false;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    this.#ignorePriority = this.module.getOptionBoolean("ignore_presence_priority", false);
    this.#rosters = this.module.depends("roster");
    this.#subscriptions = new Subscriptions({
      module: this.module,
      rosters: this.#rosters,
      sessionsOf: (user) => this.#sessionsOf(user),
      tell: (user, to) => this.#tell(user, to),
      exists: async (username) => {
        const host = this.hosts.get(this.module.host);
        return (await (host && authProviderOf(host))?.exists(username)) ?? false;
      },
    });
    for (const kind of ["full", "bare", "host"] as const) {
      this.module.hook(`pre-presence/${kind}`, (event) => this.#outbound(event));
    }
    this.module.hook("presence/bare", (event) => this.#toBare(event));
    this.module.hook("presence/full", (event) => this.#toFull(event));
    this.module.hook("presence/host", (event) => this.#toHost(event));
    this.module.hook("resource-unbind", ({ session, error }) => {
      const status = error === undefined ? [] : [xml("status", {}, `Disconnected: ${error}`)];
      this.#goUnavailable(
        session as Session,
        xml("presence", { type: "unavailable", from: session.fullJid }, ...status),
      );
    });
    this.module.hook("roster-item-removed", ({ origin, username, jid, item, wasPending }) => {
      const user = `${username}@${this.module.host}`;
      const from = item.subscription === "both" || item.subscription === "from";
      const to = item.subscription === "both" || item.subscription === "to" || item.ask !== undefined;
      if (from || wasPending) this.module.send(xml("presence", { type: "unsubscribed", from: user, to: jid }), origin);
      if (to) this.module.send(xml("presence", { type: "unsubscribe", from: user, to: jid }), origin);
      if (!from) return;
      for (const session of this.#sessionsOf(user as BareJid)) {
        if (!session.presence) continue;
        this.module.send(xml("presence", { type: "unavailable", from: session.fullJid, to: jid }), session);
      }
    });
  }

  /** What a user sends to somebody. */
  #outbound({ origin, stanza }: StanzaEvent): StanzaError | true | undefined {
    const { to, type } = stanza.attrs as Record<string, string | undefined>;
    if (to === undefined) return undefined;
    if (isSubscriptionType(type)) {
      this.#inBackground(this.#subscriptions.outbound(origin, stanza, type));
      return true;
    }
    if (type === "probe" || type === "error") return undefined;
    if (type !== undefined && type !== "unavailable") return unknownType();
    const session = origin as Session;
    const directed = this.#directed.get(session) ?? new Set();
    if (type === "unavailable") directed.delete(to);
    else if (directed.size >= MAX_DIRECTED) return new StanzaError({ type: "wait", condition: "resource-constraint" });
    else if (!this.#rosterOf(session)?.sendsPresenceTo(bare(to))) directed.add(to);
    this.#directed.set(session, directed);
    return undefined;
  }

  #toBare({ origin, stanza, toSelf }: StanzaEvent): StanzaError | true {
    const type: unknown = stanza.attrs["type"];
    if (toSelf && (type === undefined || type === "unavailable")) {
      this.#broadcast(origin as Session, stanza);
      return true;
    }
    if (toSelf && !isSubscriptionType(type) && type !== "probe") return unknownType();
    const to = bare(String(stanza.attrs["to"] ?? origin.fullJid ?? ""));
    if (this.#negotiate(stanza, to)) return true;
    const deliver = (): void => {
      for (const session of this.#sessionsOf(to)) if (session.presence) session.send(stanza);
    };
    // A contact's presence comes after the approval that it follows from, which may still be on its way to the disk.
    if (this.#negotiating.has(to)) this.#inTurn(to, () => Promise.resolve(deliver()));
    else deliver();
    return true;
  }

  #toFull({ stanza }: StanzaEvent): true {
    const to = String(stanza.attrs["to"]);
    if (this.#negotiate(stanza, bare(to))) return true;
    // A session without presence of its own gets it, too: it may have joined rooms only.
    this.hosts.get(this.module.host)?.sessions.get(to)?.send(stanza);
    return true;
  }

  /** Subscriptions and probes, which concern the account and not a session. */
  #negotiate(stanza: Element, to: BareJid): boolean {
    const type: unknown = stanza.attrs["type"];
    if (isSubscriptionType(type)) this.#inTurn(to, () => this.#subscriptions.inbound(stanza, type));
    else if (type === "probe") this.#inBackground(this.#subscriptions.probed(String(stanza.attrs["from"]), to));
    else return false;
    return true;
  }

  /** A host has presence, too, for those who ask; it needs no permission. */
  #toHost({ stanza }: StanzaEvent): true {
    const { type, from, id } = stanza.attrs as Record<string, string | undefined>;
    const answer = { from: this.module.host, to: bare(from ?? ""), ...(id !== undefined && { id }) };
    if (type === "subscribe") this.module.send(xml("presence", { ...answer, type: "subscribed" }));
    if (type === "subscribe" || type === "probe") this.module.send(xml("presence", answer));
    return true;
  }

  /** Presence without `to` (RFC 6121 §4.2, §4.4, §4.5). */
  #broadcast(session: Session, stanza: Element): void {
    if (stanza.attrs["type"] === "unavailable") {
      this.#goUnavailable(session, stanza);
      session.send(stanza);
      return;
    }
    const isInitial = session.presence === undefined;
    const presence = cloneElement(stanza);
    session.presence = presence;
    session.priority = this.#ignorePriority ? 0 : priorityOf(stanza);
    this.#sentAt.set(presence, formatDateTime(this.clock.now() / 1000));
    session.send(stanza);
    this.#sendToKnown(session, stanza);
    if (isInitial) this.#greet(session);
  }

  /** What a session that has just become available is told (RFC 6121 §4.2.2, §4.3.1, §3.1.3). */
  #greet(session: Session): void {
    const roster = this.#rosterOf(session);
    for (const other of this.#others(session))
      if (other.presence) session.send(this.#addressed(other.presence, session.fullJid));
    if (!roster) return;
    const user = bare(session.fullJid);
    for (const [contact] of roster.items()) {
      if (!roster.receivesPresenceFrom(contact)) continue;
      this.module.send(xml("presence", { type: "probe", from: session.fullJid, to: contact }), session);
    }
    for (const contact of roster.pending()) {
      session.send(xml("presence", { type: "subscribe", from: contact, to: user }));
    }
    for (const [contact, { ask }] of roster.items()) {
      if (ask) this.module.send(xml("presence", { type: "subscribe", from: user, to: contact }), session);
    }
  }

  /** The user's resource is gone, for everybody that knew of it (RFC 6121 §4.5). */
  #goUnavailable(session: Session, stanza: Element): void {
    if (session.presence) this.#sendToKnown(session, stanza);
    session.presence = undefined;
    delete session.priority;
    const directed = this.#directed.get(session) ?? [];
    this.#directed.delete(session);
    for (const to of directed) this.#sendTo(session, stanza, to);
  }

  /** To the user's other resources and to the contacts that may see it. */
  #sendToKnown(session: Session, stanza: Element): void {
    for (const other of this.#others(session)) if (other.presence) this.#sendTo(session, stanza, other.fullJid);
    const roster = this.#rosterOf(session);
    for (const [contact] of roster?.items() ?? []) {
      if (roster?.sendsPresenceTo(contact)) this.#sendTo(session, stanza, contact);
    }
  }

  #sendTo(session: Session, stanza: Element, to: string): void {
    const copy = cloneElement(stanza);
    copy.attrs["to"] = to;
    this.module.send(copy, session);
  }

  /** Presence of a user's resources, to somebody who asked. @returns how many there are */
  #tell(user: BareJid, to: string): number {
    const available = this.#sessionsOf(user).filter(({ presence }) => presence !== undefined);
    for (const session of available) this.module.send(this.#addressed(session.presence as Element, to), session);
    return available.length;
  }

  /** A copy of presence that was sent some time ago (XEP-0203). */
  #addressed(presence: Element, to: string): Element {
    const copy = cloneElement(presence);
    copy.attrs["to"] = to;
    const stamp = this.#sentAt.get(presence);
    if (stamp !== undefined) copy.append(xml("delay", { xmlns: NS_DELAY, from: this.module.host, stamp }));
    return copy;
  }

  #rosterOf(session: Session): ReturnType<ExportsOf<"roster">["get"]> {
    return this.#rosters.get(nodeOf(session.fullJid) ?? "");
  }

  #others(session: Session): Session[] {
    return this.#sessionsOf(bare(session.fullJid)).filter((other) => other !== session);
  }

  #sessionsOf(user: BareJid): Session[] {
    return this.hosts.get(this.module.host)?.sessions.ofUser(user) ?? [];
  }

  /** What concerns one account is done in the order in which it came. */
  #inTurn(user: BareJid, work: () => Promise<void>): void {
    const mine = (this.#negotiating.get(user) ?? Promise.resolve()).then(work).finally(() => {
      if (this.#negotiating.get(user) === settled) this.#negotiating.delete(user);
    });
    const settled = mine.catch(() => undefined);
    this.#negotiating.set(user, settled);
    this.#inBackground(mine);
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.module.log("error", "a subscription was lost: %s", error instanceof Error ? error.stack : error);
    });
  }
}

function unknownType(): StanzaError {
  return new StanzaError({ type: "modify", condition: "bad-request", text: "Invalid presence type" });
}

/** RFC 6121 §4.7.2.3: an integer from -128 to 127; anything else is 0. */
function priorityOf(stanza: Element): number {
  const text = childText(stanza, "priority")?.trim() ?? "";
  return /^[+-]?\d{1,9}$/.test(text) ? Math.max(-128, Math.min(127, Number(text))) : 0;
}
