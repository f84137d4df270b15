import { randomUUID } from "node:crypto";
import {
  bare,
  childElements,
  HostsToken,
  inject,
  injectable,
  isClientStream,
  joinJid,
  ModuleApiToken,
  nodeOf,
  parseBareJid,
  StanzaError,
  xml,
  type BareJid,
  type Element,
  type Hosts,
  type IqEvent,
  type KeyvalStore,
  type ModuleApi,
  type Origin,
  type Session,
} from "chorus-muc";
import { Roster, type RosterData, type RosterItem } from "./roster.js";

const NS_ROSTER = "jabber:iq:roster";
const MAX_ITEMS = 1000;
const MAX_NAME = 1023;

declare module "chorus-muc" {
  interface ModuleExports {
    roster: Rosters;
  }
  interface HostEvents {
    /** A user removed a contact, whose subscriptions end (RFC 6121 §2.5). `wasPending`: it waited for an answer. */
    "roster-item-removed": { origin: Origin; username: string; jid: BareJid; item: RosterItem; wasPending: boolean };
  }
}

/** The rosters of a host's users (RFC 6121 §2); those of users who are logged in are in memory. */
@injectable()
export default class Rosters {
  readonly #store: KeyvalStore<RosterData>;
  readonly #loaded = new Map<string, Roster>();
  /** The last change under way, by user: changes of one roster are made one after the other. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Sessions that asked for the roster and are pushed its changes (RFC 6121 §2.2). */
  readonly #interested = new WeakSet<Origin>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {
    this.#store = module.openStore<RosterData>("roster");
  }

  load(): void {
    this.module.addFeature(NS_ROSTER);
    this.module.hook("stream-features", ({ origin, features }) => {
      if (isClientStream(origin) && origin.username !== undefined) {
        features.append(xml("ver", "urn:xmpp:features:rosterver"));
      }
    });
    this.module.hook("pre-resource-bind", async ({ username }) => {
      this.#loaded.set(username, await this.#read(username));
      return undefined;
    });
    this.module.hook(
      "resource-unbind",
      ({ session }) => {
        const user = bare(session.fullJid ?? "");
        // After all other handlers, which may still need it.
        if (this.#sessionsOf(user).length === 0) this.#loaded.delete(nodeOf(user) ?? "");
      },
      -1000,
    );
    this.module.hook(`iq-get/self/${NS_ROSTER}:query`, (event) => this.#answerGet(event));
    this.module.hook(`iq-set/self/${NS_ROSTER}:query`, (event) => this.#answerSet(event));
    this.module.hookGlobal("user-deleted", ({ username, host }) => {
      if (host !== this.module.host) return;
      this.#store.set(username, undefined).catch((error: unknown) => {
        this.module.log("error", "the roster of %s, who was deleted, is still stored: %s", username, error);
      });
    });
  }

  /** The roster of a user who is logged in. */
  get(username: string): Roster | undefined {
    return this.#loaded.get(username);
  }

  /** The roster of any user, as it is stored. */
  async read(username: string): Promise<Roster> {
    return this.#read(username);
  }

  /**
   * Changes a roster: what `change` did counts once it is stored, and not at all if that fails.
   * @param change at once, on a copy; `undefined`: nothing to store
   */
  async update<T>(username: string, change: (roster: Roster) => T | undefined): Promise<T | undefined> {
    const before = this.#changes.get(username) ?? Promise.resolve();
    const mine = before.then(() => this.#change(username, change));
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#changes.set(username, settled);
    try {
      return await mine;
    } finally {
      if (this.#changes.get(username) === settled) this.#changes.delete(username);
    }
  }

  async #change<T>(username: string, change: (roster: Roster) => T | undefined): Promise<T | undefined> {
    const current = this.#loaded.get(username) ?? (await this.#read(username));
    const changed = new Roster(current.toData());
    const result = change(changed);
    if (result === undefined || result === false) return result;
    await this.#store.set(username, changed.toData());
    if (this.#loaded.has(username)) this.#loaded.set(username, changed);
    return result;
  }

  /** Tells the user's interested sessions of the present state of a contact (RFC 6121 §2.1.6). */
  push(username: string, jid: BareJid): void {
    const roster = this.#loaded.get(username);
    if (!roster) return;
    const item = roster.get(jid);
    for (const session of this.interestedSessions(username)) {
      const content = item ? itemElement(jid, item) : xml("item", { jid, subscription: "remove" });
      const query = xml("query", { xmlns: NS_ROSTER, ver: roster.version }, content);
      session.send(xml("iq", { type: "set", id: randomUUID(), to: session.fullJid }, query));
    }
  }

  /** Sessions that asked for the roster. */
  interestedSessions(username: string): Session[] {
    return this.#sessionsOf(joinJid(username, this.module.host)).filter((session) => this.#interested.has(session));
  }

  async #read(username: string): Promise<Roster> {
    return this.#loaded.get(username) ?? new Roster(await this.#store.get(username));
  }

  #sessionsOf(user: string): Session[] {
    return this.hosts.get(this.module.host)?.sessions.ofUser(user) ?? [];
  }

  #answerGet({ origin, stanza }: IqEvent): Element | StanzaError {
    const roster = this.#loaded.get(nodeOf(origin.fullJid ?? "") ?? "");
    if (!roster) return new StanzaError({ type: "cancel", condition: "item-not-found" });
    this.#interested.add(origin);
    const known: unknown = childElements(stanza)[0]?.attrs["ver"];
    // RFC 6121 §2.6.2: nothing to tell to a client that has this version.
    if (known === roster.version) return xml("iq", {});
    const items = [...roster.items()].map(([jid, item]) => itemElement(jid, item));
    const version = known === undefined ? {} : { ver: roster.version };
    return xml("iq", {}, xml("query", { xmlns: NS_ROSTER, ...version }, ...items));
  }

  async #answerSet({ origin, stanza }: IqEvent): Promise<Element | StanzaError> {
    const user = nodeOf(origin.fullJid ?? "");
    const items = childElements(childElements(stanza)[0] as Element);
    const [item] = items;
    const jid = parseBareJid(String(item?.attrs["jid"] ?? ""));
    if (user === undefined || items.length !== 1 || item?.name !== "item" || jid === undefined) {
      return new StanzaError({ type: "modify", condition: "bad-request" });
    }
    if (jid === bare(origin.fullJid ?? "")) return new StanzaError({ type: "cancel", condition: "not-allowed" });
    if (item.attrs["subscription"] === "remove") return this.#remove(origin, user, jid);
    const name = item.attrs["name"] as string | undefined;
    const groups = childElements(item)
      .filter((child) => child.name === "group")
      .map((group) => group.text());
    if (new Set(groups).size < groups.length) return new StanzaError({ type: "modify", condition: "bad-request" });
    if ([name ?? "", ...groups].some((text) => text.length > MAX_NAME) || groups.includes("")) {
      return new StanzaError({ type: "modify", condition: "not-acceptable" });
    }
    const done = await this.update(user, (roster) => {
      if (!roster.get(jid) && roster.size >= MAX_ITEMS) return undefined;
      roster.put(jid, name, groups);
      return true;
    });
    if (!done) return new StanzaError({ type: "wait", condition: "resource-constraint", text: "Roster is full" });
    this.push(user, jid);
    return xml("iq", {});
  }

  async #remove(origin: Origin, username: string, jid: BareJid): Promise<Element | StanzaError> {
    const removed = await this.update(username, (roster) => {
      const wasPending = roster.isPending(jid);
      const item = roster.remove(jid);
      return item && { item, wasPending };
    });
    if (!removed) return new StanzaError({ type: "modify", condition: "item-not-found" });
    this.push(username, jid);
    this.module.fireEvent("roster-item-removed", { origin, username, jid, ...removed });
    return xml("iq", {});
  }
}

function itemElement(jid: BareJid, item: RosterItem): Element {
  const { subscription, ask, name, groups } = item;
  const attrs = { jid, subscription, ...(ask && { ask }), ...(name !== undefined && { name }) };
  return xml("item", attrs, ...Object.keys(groups).map((group) => xml("group", {}, group)));
}
