import {
  domainOf,
  parseStanza,
  resourceOf,
  serialise,
  StanzaError,
  type BareJid,
  type Element,
  type ModuleApi,
} from "chorus-muc";
import type { Occupant, Room, RoomState } from "chorus-muc/muc";

/** A message that waits for a moderator; JSON, as it is stored with the room. */
export interface Held {
  readonly id: string;
  readonly author: BareJid;
  /** Occupant JID that it was sent under, and will be published under. */
  readonly from: string;
  /** Unix seconds. */
  readonly when: number;
  readonly text: string;
  readonly stanza: string;
}

/** How much is held, and for how long. */
export interface ReviewLimits {
  /** Messages of somebody without affiliation that are published by a moderator only; 0: none. */
  readonly firstMessages: number;
  readonly perUser: number;
  readonly perRoom: number;
  /** Of the stanza. */
  readonly maxChars: number;
  readonly expirySeconds: number;
}

/** Users whose approved messages are counted; who was counted first makes room, and is new again. */
const MAX_KNOWN = 1000;

/**
 * Messages that wait, and how often somebody has been approved. Both are stored with the room, so that a held message
 * is on disk before its author hears of it, and a step that fails leaves nothing behind.
 */
export class Review {
  readonly #held: RoomState<readonly Held[], readonly Held[]>;
  readonly #approved: RoomState<Readonly<Record<string, number>>, Readonly<Record<string, number>>>;

  constructor(
    module: ModuleApi,
    private readonly limits: ReviewLimits,
    private readonly nowSeconds: () => number,
  ) {
    this.#held = module.roomState<readonly Held[]>("word_filter_held", { persist: true, default: [] });
    this.#approved = module.roomState<Readonly<Record<string, number>>>("word_filter_approved", {
      persist: true,
      default: {},
    });
  }

  /** What waits, oldest first. */
  waiting(room: Room): readonly Held[] {
    const oldest = this.nowSeconds() - this.limits.expirySeconds;
    return this.#held.get(room).filter(({ when }) => when > oldest);
  }

  /** Whether what somebody says is to be held: they are new, or they would overtake themselves. */
  concerns(room: Room, author: BareJid): boolean {
    if (this.waiting(room).some((held) => held.author === author)) return true;
    // What the service itself has in the room, a bot for one, is nobody new.
    if (author === domainOf(room.jid) || room.getAffiliation(author) !== "none") return false;
    return (this.#approved.get(room)[author] ?? 0) < this.limits.firstMessages;
  }

  /** Keeps a message back. @returns an error when there is no room for it */
  hold(room: Room, author: Occupant, message: Element, text: string): Held | StanzaError {
    const waiting = this.waiting(room);
    const own = waiting.filter((held) => held.author === author.bareJid);
    const { perUser, perRoom, maxChars } = this.limits;
    if (own.length >= perUser || waiting.length >= perRoom) {
      return new StanzaError({
        type: "wait",
        condition: "resource-constraint",
        text: "Too many messages await review",
      });
    }
    message.attrs["from"] = author.nick;
    const stanza = serialise(message);
    if (stanza.length > maxChars) {
      return new StanzaError({ type: "modify", condition: "not-acceptable", text: "Too long to be reviewed" });
    }
    const last = Number(waiting.at(-1)?.id ?? 0);
    const when = this.nowSeconds();
    const held = { id: String(last + 1), author: author.bareJid, from: author.nick, when, text, stanza };
    this.#held.set(room, [...waiting, held]);
    return held;
  }

  /**
   * Lets a message go, to everybody or to nobody.
   * @returns why it stays where it is
   */
  decide(room: Room, id: string, isApproved: boolean): StanzaError | undefined {
    const held = this.waiting(room).find((one) => one.id === id);
    if (!held)
      return new StanzaError({ type: "cancel", condition: "item-not-found", text: "It does not wait any more" });
    const present = room.getOccupantByNick(held.from);
    if (isApproved && present && present.bareJid !== held.author) {
      const text = `${resourceOf(held.from) ?? ""} is somebody else by now, who did not say that`;
      return new StanzaError({ type: "cancel", condition: "conflict", text });
    }
    this.#drop(room, (one) => one.id === id);
    if (!isApproved) return undefined;
    this.#count(room, held.author);
    room.broadcastMessage(parseStanza(held.stanza), () => {
      // It could not be archived, for one.
      void room.run(() =>
        this.#held.set(
          room,
          [...this.#held.get(room), held].sort((a, b) => a.when - b.when),
        ),
      );
    });
    return undefined;
  }

  /** Somebody's messages are of no interest any more. */
  forget(room: Room, author: BareJid): void {
    this.#drop(room, (held) => held.author === author);
  }

  /** Throws away what nobody has decided about in time. */
  expire(room: Room): void {
    const waiting = this.waiting(room);
    this.#drop(room, (held) => !waiting.includes(held));
  }

  #drop(room: Room, isGone: (held: Held) => boolean): void {
    const all = this.#held.get(room);
    const rest = all.filter((held) => !isGone(held));
    if (rest.length < all.length) this.#held.set(room, rest);
  }

  #count(room: Room, author: BareJid): void {
    const known = this.#approved.get(room);
    const count = (known[author] ?? 0) + 1;
    const others = Object.entries(known).filter(([jid]) => jid !== author);
    this.#approved.set(room, Object.fromEntries([...others.slice(1 - MAX_KNOWN), [author, count]]));
  }
}
