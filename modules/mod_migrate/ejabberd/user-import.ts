import {
  nodeprep,
  parseBareJid,
  serialise,
  type Json,
  type KeyvalStore,
  type MapStore,
  type ModuleApi,
} from "chorus-muc";
import type { ImportRun } from "../import-run.js";
import { SeenIds } from "../seen-ids.js";
import { rankOf, toAccount } from "./account.js";
import type { AccountRecord, CardRecord, PrivateRecord, RosterGroupRecord, RosterRecord } from "./records.js";
import { parseElement } from "./stanza-text.js";
import { misshapen } from "./text-error.js";

export type UserRecord = AccountRecord | RosterRecord | RosterGroupRecord | PrivateRecord | CardRecord;

/** The store that records of a kind come to, and what one is called. */
export const USER_STORES: Readonly<Record<UserRecord["kind"], readonly [store: string, unit: string]>> = {
  account: ["accounts", "accounts"],
  roster: ["roster", "contacts"],
  "roster-group": ["roster", "contacts"],
  private: ["private", "elements"],
  vcard: ["vcard", "vCards"],
};

/** What came of a record: nothing more is to be said, or why it is not there, or is not as it was. */
export type Outcome = { readonly kind: "left" | "lost" | "note"; readonly reason: string } | undefined;

const PENDING = "";

/** Brings what belongs to the users of one host over: accounts, contacts, private XML, vCards. */
export class UserImport {
  readonly #accounts: KeyvalStore;
  readonly #roster: MapStore;
  readonly #private: MapStore;
  readonly #cards: KeyvalStore;
  /** Names of accounts that there were, and what secret is kept of those that may have several. */
  readonly #seen = new SeenIds();
  readonly #ranks = new Map<string, number>();

  /** @param module that of the host */
  constructor(
    private readonly run: ImportRun,
    module: ModuleApi,
  ) {
    this.#accounts = module.openStore("accounts");
    this.#roster = module.openStore<Json, "map">("roster", "map");
    this.#private = module.openStore<Json, "map">("private", "map");
    this.#cards = module.openStore("vcard");
  }

  /** @throws TextError where it cannot be understood */
  async bring(record: UserRecord): Promise<Outcome> {
    const user = nodeprep(record.user);
    if (user === undefined || user === "") return { kind: "lost", reason: "the name can no longer be prepared" };
    switch (record.kind) {
      case "account":
        return this.#bringAccount(user, record);
      case "roster":
        return this.#bringContact(user, record);
      case "roster-group":
        return this.#bringGroup(user, record);
      case "private": {
        const element = parseElement(record.xml);
        const key = `${element.name}:${String(element.attrs["xmlns"] ?? "")}`;
        await this.run.write(() => [this.#private.set(user, key, serialise(element), { sync: false })]);
        return undefined;
      }
      case "vcard": {
        const card = serialise(parseElement(record.xml));
        await this.run.write(() => [this.#cards.set(user, card, { sync: false })]);
        return undefined;
      }
    }
  }

  async #bringAccount(user: string, { secret, isOneOfSeveral }: AccountRecord): Promise<Outcome> {
    const account = toAccount(secret);
    const rank = this.#ranks.get(user);
    if (rank === undefined && !this.#seen.add(user)) {
      return { kind: "lost", reason: `there was an account ${user} before it, as names are prepared` };
    }
    if (rank !== undefined && rank <= rankOf(secret)) return { kind: "left", reason: "it has other keys, which are brought over" }; // prettier-ignore
    if (isOneOfSeveral) this.#ranks.set(user, rankOf(secret));
    await this.run.write(() => [this.#accounts.set(user, account, { sync: false })]);
    return rank === undefined ? undefined : { kind: "left", reason: "it has other keys, which are brought over" };
  }

  async #bringContact(user: string, record: RosterRecord): Promise<Outcome> {
    const { subscription, ask, name, groups, askMessage } = record;
    const jid = parseBareJid(record.jid);
    if (jid === undefined) return { kind: "lost", reason: `${record.jid} is no address` };
    if (!["none", "to", "from", "both"].includes(subscription)) throw misshapen(`${subscription} is no subscription`);
    const isPending = ask === "in" || ask === "both";
    const isAsking = ask === "out" || ask === "both" || ask === "subscribe";
    // Who only asks is no contact yet (RFC 6121 §3.1.3).
    const isContact = subscription !== "none" || isAsking || name !== "" || groups.length > 0 || !isPending;
    const item = {
      subscription,
      ...(isAsking && { ask: "subscribe" }),
      ...(name !== "" && { name }),
      groups: Object.fromEntries(groups.map((group) => [group, true])),
    };
    const pending = isPending ? await this.#pendingWith(user, jid) : undefined;
    await this.run.write(() => [
      this.#roster.setKeys(
        user,
        { [jid]: isContact ? item : undefined, ...(pending && { [PENDING]: pending }) },
        { sync: false },
      ),
    ]);
    if (askMessage === "") return undefined;
    return { kind: "note", reason: "what a contact said when asking for a subscription is not kept; the request is" };
  }

  /** Who waits for the user's answer, and this one. */
  async #pendingWith(user: string, jid: string): Promise<Json> {
    const meta = await this.#roster.get(user, PENDING);
    const { version = 0, pending = {} } = (meta ?? {}) as { version?: number; pending?: Record<string, true> };
    return { version, pending: { ...pending, [jid]: true } };
  }

  async #bringGroup(user: string, { jid: written, group }: RosterGroupRecord): Promise<Outcome> {
    const jid = parseBareJid(written);
    const item = jid === undefined ? undefined : await this.#roster.get(user, jid);
    if (jid === undefined || (item === undefined && !this.run.isDryRun)) {
      return { kind: "lost", reason: `the group ${group} is of ${written}, who is no contact` };
    }
    const contact = (item ?? {}) as Record<string, Json>;
    const groups = { ...(contact["groups"] as Record<string, Json> | undefined), [group]: true };
    await this.run.write(() => [this.#roster.set(user, jid, { ...contact, groups }, { sync: false })]);
    return undefined;
  }
}
