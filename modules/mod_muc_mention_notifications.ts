import {
  bare,
  childElements,
  ClockToken,
  cloneElement,
  formatDateTime,
  inject,
  injectable,
  ModuleApiToken,
  namespaceOf,
  NS_CLIENT,
  NS_DELAY,
  parseJid,
  resourceOf,
  xml,
  type BareJid,
  type Clock,
  type Element,
  type ModuleApi,
} from "chorus-muc";
import { isAtLeast, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_forwardmentions";
const NS_MENTIONS = "urn:xmpp:mmn:0";
const NS_REFERENCE = "urn:xmpp:reference:0";
const NS_FORWARD = "urn:xmpp:forward:0";
const MINUTE_MS = 60_000;
/** Mentions of one message that are looked at: each may have to be searched for. */
const MAX_MENTIONS = 100;

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether mentions of people who are away are forwarded to them. */
    getForwardMentions(): boolean;
    /** @returns false when it was so already */
    setForwardMentions(isForwarding: boolean): boolean;
  }
}

/** What one speaker has had forwarded within a minute. */
interface Spent {
  readonly fromMs: number;
  readonly forwards: number;
}

/** Whom a message mentions, as its references say (XEP-0372 §3.2): bare JIDs, or JIDs of occupants. */
function mentionsIn(message: Element): string[] {
  return childElements(message).flatMap((child) => {
    if (child.name !== "reference" || namespaceOf(child) !== NS_REFERENCE || child.attrs["type"] !== "mention")
      return [];
    const path = /^xmpp:([^/?#][^?#]*)/.exec(String(child.attrs["uri"]))?.[1];
    const jid = path === undefined ? undefined : parseJid(decoded(path));
    return jid === undefined ? [] : [jid];
  });
}

/** Of an address in a URI (RFC 5122 §2.7); what is wrongly encoded is no JID either. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/**
 * Forwards messages that mention somebody who is not in the room to them (XEP-0452 0.2.2), where the owner wants that.
 *
 * Who is told has an affiliation and has registered a nick with the room, which is how they choose to be told (§2); under
 * `muc_mmn_notify_unaffiliated_users` (default false) also who has neither, if they could enter. Outcasts never.
 * `muc_mmn_max_recipients` (people, default 10) are told of one message, and `muc_mmn_max_per_minute` (default 30) of
 * those of one speaker.
 */
@injectable()
export default class MucMentionNotifications {
  static readonly requires = ["muc"];

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    const { module } = this;
    const notifiesStrangers = module.getOptionBoolean("muc_mmn_notify_unaffiliated_users", false);
    const maxRecipients = module.getOptionInteger("muc_mmn_max_recipients", 10, 1);
    const maxPerMinute = module.getOptionInteger("muc_mmn_max_per_minute", 30, 1);
    this.#setting();
    const spent = module.roomState<Map<string, Spent>>("mention_forwards");

    // Last: what everybody will see, the archive's id included (§3.2), and only if they do.
    module.hook(
      "muc-broadcast-message",
      ({ room, stanza, onSent }) => {
        if (!room.getForwardMentions()) return undefined;
        const mentions = new Set(mentionsIn(stanza).slice(0, MAX_MENTIONS));
        if (mentions.size === 0) return undefined;
        const inside = new Set(room.eachOccupant().map(([, { bareJid }]) => bareJid));
        const recipients = new Set<BareJid>();
        for (const mention of mentions) {
          const jid = registered(room, mention) ?? (notifiesStrangers ? stranger(room, mention) : undefined);
          if (jid !== undefined && !inside.has(jid)) recipients.add(jid);
        }
        if (recipients.size === 0) return undefined;
        const speaker = room.getOccupantByNick(String(stanza.attrs["from"]))?.bareJid ?? room.jid;
        const spending = spent.get(room) ?? new Map<string, Spent>();
        spent.set(room, spending);
        const told = [...recipients].slice(
          0,
          Math.min(maxRecipients, this.#allowance(spending, speaker, maxPerMinute)),
        );
        this.#spend(spending, speaker, told.length);
        if (told.length < recipients.size) {
          module.log("debug", "%s: %s mentions more people than are told", room.jid, speaker);
        }
        onSent(() => {
          for (const jid of told) room.routeStanza(this.#forwarded(room, stanza, jid));
        });
        return undefined;
      },
      -1000,
    );
  }

  #setting(): void {
    const { module } = this;
    const byDefault = module.getOptionBoolean("muc_room_default_forward_mentions", false);
    const choices = module.roomState<boolean>("forward_mentions", { persist: true });
    module.roomMethods({
      getForwardMentions() {
        return choices.get(this) ?? byDefault;
      },
      setForwardMentions(isForwarding) {
        return this.getForwardMentions() !== isForwarding && choices.set(this, isForwarding);
      },
    });
    module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Forward mentions to people who are not in the room",
          desc: "Messages that mention somebody who is affiliated and has registered a nickname",
          value: room.getForwardMentions(),
        });
      },
      74,
    );
    module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("forwardMentions", FIELD);
      return undefined;
    });
  }

  /** How many more forwards a speaker has in this minute. */
  #allowance(spending: ReadonlyMap<string, Spent>, speaker: string, perMinute: number): number {
    const before = spending.get(speaker);
    const isOver = !before || this.clock.now() - before.fromMs >= MINUTE_MS;
    return isOver ? perMinute : Math.max(0, perMinute - before.forwards);
  }

  #spend(spending: Map<string, Spent>, speaker: string, number: number): void {
    const now = this.clock.now();
    for (const [other, { fromMs }] of spending) {
      if (now - fromMs >= MINUTE_MS) spending.delete(other);
    }
    const { fromMs = now, forwards = 0 } = spending.get(speaker) ?? {};
    spending.set(speaker, { fromMs, forwards: forwards + number });
  }

  #forwarded(room: Room, stanza: Element, to: BareJid): Element {
    const message = cloneElement(stanza);
    Object.assign(message.attrs, { xmlns: NS_CLIENT, to: room.jid });
    const delay = xml("delay", { xmlns: NS_DELAY, stamp: formatDateTime(this.clock.now() / 1000) });
    const forwarded = xml("forwarded", { xmlns: NS_FORWARD }, delay, message);
    return xml("message", { from: room.jid, to }, xml("mentions", { xmlns: NS_MENTIONS }, forwarded));
  }
}

/** The affiliated user whom a mention is of, by JID or by nick, if they have registered a nick. */
function registered(room: Room, mention: string): BareJid | undefined {
  const isNick = bare(mention as BareJid) === room.jid;
  const jid = isNick ? room.getRegisteredJid(resourceOf(mention) ?? "") : bare(mention as BareJid);
  if (jid === undefined || room.getRegisteredNick(jid) === undefined) return undefined;
  return isAtLeast(room.getAffiliation(jid), "member") ? jid : undefined;
}

/** Somebody without a nick here, who could have heard the message by entering. */
function stranger(room: Room, mention: string): BareJid | undefined {
  const jid = bare(mention as BareJid);
  if (jid === room.jid) return undefined;
  const affiliation = room.getAffiliation(jid);
  if (isAtLeast(affiliation, "member")) return jid;
  // Absent without their modules.
  const { getPassword, isLocked } = room as Partial<Pick<Room, "getPassword" | "isLocked">>;
  const isOpen = getPassword?.call(room) === undefined && isLocked?.call(room) !== true;
  return isOpen && room.getDefaultRole(affiliation) !== "none" ? jid : undefined;
}
