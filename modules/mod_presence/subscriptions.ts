import {
  bare,
  cloneElement,
  nodeOf,
  xml,
  type BareJid,
  type Element,
  type ExportsOf,
  type ModuleApi,
  type Origin,
  type Session,
} from "chorus-muc";

/** The types of presence that are about subscriptions (RFC 6121 §4.7.1). */
export type SubscriptionType = "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";

const TYPES: ReadonlySet<string> = new Set<SubscriptionType>([
  "subscribe",
  "subscribed",
  "unsubscribe",
  "unsubscribed",
]);

/** Parser of the closed vocabulary. */
export function isSubscriptionType(type: unknown): type is SubscriptionType {
  return typeof type === "string" && TYPES.has(type);
}

/** Requests for a user's presence that may wait for an answer. */
const MAX_PENDING = 1000;

/** What {@link Subscriptions} work with. */
export interface SubscriptionsOptions {
  readonly module: ModuleApi;
  readonly rosters: ExportsOf<"roster">;
  readonly sessionsOf: (user: BareJid) => Session[];
  /** Sends a user's present presence to somebody. @returns how many resources were told of */
  readonly tell: (user: BareJid, to: string) => number;
  readonly exists: (username: string) => Promise<boolean>;
}

/** Presence subscriptions on both sides (RFC 6121 §3, appendix A); all addresses are bare JIDs (§3.1.1). */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** A local user sends it: the user's roster first, then it goes on its way. */
  async outbound(origin: Origin, stanza: Element, type: SubscriptionType): Promise<void> {
    const { module, rosters } = this.#options;
    const user = bare(String(stanza.attrs["from"]));
    const contact = bare(String(stanza.attrs["to"]));
    const username = nodeOf(user);
    if (username === undefined || user === contact) return;
    const copy = cloneElement(stanza);
    Object.assign(copy.attrs, { from: user, to: contact });
    let changed: "pending" | "subscribed" | boolean | undefined;
    if (type === "subscribe") changed = await rosters.update(username, (roster) => roster.requestSubscription(contact));
    else if (type === "unsubscribe") changed = await rosters.update(username, (roster) => roster.endReceiving(contact));
    else if (type === "subscribed") changed = await rosters.update(username, (roster) => roster.grant(contact));
    else changed = await rosters.update(username, (roster) => roster.endSending(contact));
    if (changed === true || changed === "subscribed") rosters.push(username, contact);
    // A request is passed on whatever the state (A.2.1, A.2.2); an answer only if there was something to answer.
    if (type === "subscribe" || type === "unsubscribe" || changed) module.send(copy, origin);
    if (type === "subscribed" && changed) this.#options.tell(user, contact);
    if (changed === "subscribed") this.#sayUnavailable(user, contact);
  }

  /** It arrives for a local user. */
  async inbound(stanza: Element, type: SubscriptionType): Promise<void> {
    const contact = bare(String(stanza.attrs["from"]));
    const user = bare(String(stanza.attrs["to"]));
    const username = nodeOf(user);
    if (username === undefined) return;
    if (type === "subscribe") await this.#asked(username, user, contact, stanza);
    else if (type === "unsubscribe") await this.#unsubscribed(username, user, contact, stanza);
    else {
      const { rosters } = this.#options;
      const changed = await rosters.update(username, (roster) =>
        type === "subscribed" ? roster.subscriptionGranted(contact) : roster.endReceiving(contact),
      );
      if (!changed) return;
      this.#deliver(rosters.interestedSessions(username), stanza);
      rosters.push(username, contact);
    }
  }

  /** Somebody asks for the user's presence now (RFC 6121 §4.3.2). */
  async probed(from: string, user: BareJid): Promise<void> {
    const username = nodeOf(user);
    if (username === undefined) return;
    const prober = bare(from);
    const { rosters, tell } = this.#options;
    const roster = rosters.get(username) ?? (await rosters.read(username));
    if (prober === user || roster.sendsPresenceTo(prober)) {
      if (tell(user, from) === 0) this.#send("unavailable", user, from);
    } else this.#send("unsubscribed", user, prober);
  }

  async #asked(username: string, user: BareJid, contact: BareJid, stanza: Element): Promise<void> {
    const { rosters, tell, exists, sessionsOf } = this.#options;
    if (!(await exists(username))) {
      this.#send("unsubscribed", user, contact);
      return;
    }
    const roster = rosters.get(username) ?? (await rosters.read(username));
    if (roster.sendsPresenceTo(contact)) {
      this.#send("subscribed", user, contact);
      tell(user, contact);
      return;
    }
    const isNew = await rosters.update(username, (changing) =>
      changing.pendingCount < MAX_PENDING ? changing.notePending(contact) : undefined,
    );
    if (isNew) {
      this.#deliver(
        sessionsOf(user).filter(({ presence }) => presence !== undefined),
        stanza,
      );
    }
  }

  async #unsubscribed(username: string, user: BareJid, contact: BareJid, stanza: Element): Promise<void> {
    const { rosters } = this.#options;
    const ended = await rosters.update(username, (roster) => roster.endSending(contact));
    if (ended !== "subscribed") return;
    this.#deliver(rosters.interestedSessions(username), stanza);
    rosters.push(username, contact);
    this.#sayUnavailable(user, contact);
  }

  #deliver(sessions: readonly Session[], stanza: Element): void {
    const copy = cloneElement(stanza);
    Object.assign(copy.attrs, { from: bare(String(stanza.attrs["from"])), to: bare(String(stanza.attrs["to"])) });
    for (const session of sessions) session.send(copy);
  }

  /** The contact sees the user no more. */
  #sayUnavailable(user: BareJid, contact: string): void {
    for (const session of this.#options.sessionsOf(user)) {
      if (session.presence) this.#send("unavailable", session.fullJid, contact);
    }
  }

  #send(type: SubscriptionType | "unavailable", from: string, to: string): void {
    this.#options.module.send(xml("presence", { type, from, to }));
  }
}
