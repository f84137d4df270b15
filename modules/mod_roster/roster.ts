import type { BareJid } from "chorus-muc";

/** Whose presence goes where (RFC 6121 §2.1.2.5): `to`: the contact's to the user; `from`: the user's to the contact. */
export type Subscription = "none" | "to" | "from" | "both";

/** A contact, as it is stored; Prosody's names. */
export interface RosterItem {
  readonly subscription: Subscription;
  /** The user asked for the contact's presence and has no answer yet. */
  readonly ask?: "subscribe";
  readonly name?: string;
  readonly groups: Readonly<Record<string, true>>;
}

/** A roster as it is stored: Prosody's table, whose entry `false` is under the empty name here. */
export interface RosterData {
  readonly ""?: { readonly version: number; readonly pending: Readonly<Record<string, true>> };
  readonly [jid: string]:
    RosterItem | { readonly version: number; readonly pending: Readonly<Record<string, true>> } | undefined;
}

const NEW_ITEM: RosterItem = { subscription: "none", groups: {} };

/** Adds or takes away one direction. */
function withDirection(subscription: Subscription, direction: "to" | "from", present: boolean): Subscription {
  const to = direction === "to" ? present : subscription === "to" || subscription === "both";
  const from = direction === "from" ? present : subscription === "from" || subscription === "both";
  if (to && from) return "both";
  if (to) return "to";
  return from ? "from" : "none";
}

/**
 * A user's contacts and the states of their subscriptions (RFC 6121 §2, §3, appendix A). Each method that changes says
 * whether there was anything to change: then the version has gone up, and the contact is to be pushed.
 */
export class Roster {
  readonly #items: Map<BareJid, RosterItem>;
  readonly #pending: Set<BareJid>;
  #version: number;

  constructor(data: RosterData = {}) {
    const { "": meta, ...items } = data;
    this.#items = new Map(Object.entries(items) as [BareJid, RosterItem][]);
    this.#pending = new Set(Object.keys(meta?.pending ?? {}) as BareJid[]);
    this.#version = meta?.version ?? 0;
  }

  /** What is stored. */
  toData(): RosterData {
    const pending = Object.fromEntries([...this.#pending].map((jid) => [jid, true as const]));
    return { ...Object.fromEntries(this.#items), "": { version: this.#version, pending } };
  }

  get version(): string {
    return String(this.#version);
  }

  get size(): number {
    return this.#items.size;
  }

  items(): Iterable<[BareJid, RosterItem]> {
    return this.#items;
  }

  get(jid: BareJid): RosterItem | undefined {
    return this.#items.get(jid);
  }

  /** Contacts that asked for the user's presence and wait for an answer. */
  pending(): Iterable<BareJid> {
    return this.#pending;
  }

  isPending(jid: BareJid): boolean {
    return this.#pending.has(jid);
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Whether the contact may see the user's presence. */
  sendsPresenceTo(jid: BareJid): boolean {
    const subscription = this.#items.get(jid)?.subscription;
    return subscription === "from" || subscription === "both";
  }

  /** Whether the user sees the contact's presence. */
  receivesPresenceFrom(jid: BareJid): boolean {
    const subscription = this.#items.get(jid)?.subscription;
    return subscription === "to" || subscription === "both";
  }

  /** Adds a contact, or changes its name and groups; its subscription stays (RFC 6121 §2.3, §2.4). */
  put(jid: BareJid, name: string | undefined, groups: readonly string[]): void {
    const { name: _old, ...kept } = this.#items.get(jid) ?? NEW_ITEM;
    const sets = Object.fromEntries(groups.map((group) => [group, true as const]));
    this.#set(jid, { ...kept, ...(name !== undefined && { name }), groups: sets });
  }

  /** @returns the contact as it was, if there was one */
  remove(jid: BareJid): RosterItem | undefined {
    const item = this.#items.get(jid);
    if (item && this.#items.delete(jid)) this.#version++;
    this.#pending.delete(jid);
    return item;
  }

  /** The user asks for the contact's presence (appendix A.2.1). */
  requestSubscription(jid: BareJid): boolean {
    const item = this.#items.get(jid) ?? NEW_ITEM;
    if (this.receivesPresenceFrom(jid) || item.ask) return false;
    return this.#set(jid, { ...item, ask: "subscribe" });
  }

  /** The contact granted it (appendix A.3.2): only if it was asked for. */
  subscriptionGranted(jid: BareJid): boolean {
    const item = this.#items.get(jid);
    if (!item?.ask) return false;
    const { ask: _ask, ...rest } = item;
    return this.#set(jid, { ...rest, subscription: withDirection(item.subscription, "to", true) });
  }

  /** The user no longer wants the contact's presence, or the contact no longer gives it (A.2.2, A.3.4). */
  endReceiving(jid: BareJid): boolean {
    const item = this.#items.get(jid);
    if (!item || (!item.ask && !this.receivesPresenceFrom(jid))) return false;
    const { ask: _ask, ...rest } = item;
    return this.#set(jid, { ...rest, subscription: withDirection(item.subscription, "to", false) });
  }

  /** The contact asks for the user's presence (A.3.1). @returns false when it asked before */
  notePending(jid: BareJid): boolean {
    if (this.#pending.has(jid)) return false;
    this.#pending.add(jid);
    return true;
  }

  /** The user grants it (A.2.3): only if the contact asked. */
  grant(jid: BareJid): boolean {
    if (!this.#pending.delete(jid)) return false;
    const item = this.#items.get(jid) ?? NEW_ITEM;
    return this.#set(jid, { ...item, subscription: withDirection(item.subscription, "from", true) });
  }

  /** The user refuses or takes it back, or the contact no longer wants it (A.2.4, A.3.3). */
  endSending(jid: BareJid): "pending" | "subscribed" | undefined {
    const wasPending = this.#pending.delete(jid);
    const item = this.#items.get(jid);
    if (item && this.sendsPresenceTo(jid)) {
      this.#set(jid, { ...item, subscription: withDirection(item.subscription, "from", false) });
      return "subscribed";
    }
    return wasPending ? "pending" : undefined;
  }

  #set(jid: BareJid, item: RosterItem): true {
    this.#items.set(jid, item);
    this.#version++;
    return true;
  }
}
