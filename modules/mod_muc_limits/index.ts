import {
  bare,
  childElements,
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  namespaceOf,
  resourceOf,
  StanzaError,
  type BareJid,
  type Clock,
  type Element,
  type ModuleApi,
  type OccupantJid,
} from "chorus-muc";
import { isAtLeast, type Room } from "chorus-muc/muc";
import { RoomBuckets, type Exhausted } from "./room-buckets.js";
import type { Pace } from "./token-bucket.js";

const NS_CHAT_STATES = "http://jabber.org/protocol/chatstates";

const TOO_FAST: Readonly<Record<NonNullable<Exhausted>, string>> = {
  occupant: "You are doing too much at once, please try again in a moment",
  room: "There is too much going on in this room, please try again in a moment",
};

interface Limits {
  readonly room: Pace;
  readonly occupant: Pace;
  /** Code points. */
  readonly nickLength: number;
  /** Bytes. */
  readonly chars: number;
  readonly lines: number;
  /** Cost of each line of a message after its first, and of a chat state. */
  readonly lineCost: number;
}

function readLimits(module: ModuleApi): Limits {
  const rate = module.getOptionNumber("muc_event_rate", 0.5, 0);
  const burstSeconds = module.getOptionNumber("muc_burst_factor", 6, 1);
  const baseCost = module.getOptionNumber("muc_limit_base_cost", 1, 0);
  return {
    room: { rate, burstSeconds, baseCost },
    occupant: {
      rate: Math.max(0, module.getOptionNumber("muc_occupant_event_rate") ?? rate / 2),
      burstSeconds: module.getOptionNumber("muc_occupant_burst_factor", 8, 1),
      baseCost,
    },
    nickLength: module.getOptionInteger("muc_max_nick_length", 23, 1),
    chars: module.getOptionInteger("muc_max_char_count", 5664, 1),
    lines: module.getOptionInteger("muc_max_line_count", 23, 1),
    lineCost: module.getOptionNumber("muc_line_count_multiplier", 0.1, 0),
  };
}

/** Texts of a message that people read: bodies in any language, and the subject. */
function textsOf(stanza: Element): string[] {
  return childElements(stanza)
    .filter(({ name }) => name === "body" || name === "subject")
    .map((child) => child.text());
}

/** "Is typing" and the like (XEP-0085), without anything to read: clients send several of them with each message. */
function isChatState(stanza: Element): boolean {
  return childElements(stanza).some((child) => namespaceOf(child) === NS_CHAT_STATES);
}

function policyViolation(type: "modify" | "wait", text: string, room: Room): StanzaError {
  return new StanzaError({ type, condition: "policy-violation", text, by: room.jid });
}

/**
 * Limits how fast rooms are entered and spoken in, how long messages are, and how long nicks: for everybody without an
 * affiliation. What is done costs tokens, of which the room has so many, and each occupant fewer.
 *
 * Options and defaults are those of Prosody's community module of the same name, which knows the room's limit only.
 */
@injectable()
export default class MucLimits {
  static readonly requires = ["muc"];

  /** Of rooms in which something was limited a moment ago. */
  readonly #rooms = new Map<Room, RoomBuckets>();
  #limits!: Limits;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    this.#limits = readLimits(this.module);
    this.#limitJoins();
    if (!this.module.getOptionBoolean("muc_limit_joins_only", false)) this.#limitTheRest();

    this.module.hook("muc-room-destroyed", ({ room }) => {
      this.#rooms.delete(room);
    });
  }

  #limitJoins(): void {
    // After the ban check (-10), before the password (-20), which nobody shall try at leisure.
    this.module.hook(
      "muc-occupant-pre-join",
      ({ room, bareJid, occupant, isFirstSession }) => {
        if (this.#isExempt(room, bareJid)) return undefined;
        const refusal = isFirstSession ? this.#nickRefusal(room, occupant.nick) : undefined;
        if (refusal) return refusal;
        const { baseCost } = this.#limits.occupant;
        return this.#verdict(room, bareJid, this.#of(room).spendOwn(bareJid, baseCost, this.clock.now()));
      },
      -12,
    );
    // After the password: who may not enter does not use up what the room has for those who may.
    this.module.hook(
      "muc-occupant-pre-join",
      ({ room, bareJid }) => {
        if (this.#isExempt(room, bareJid)) return undefined;
        const { baseCost } = this.#limits.room;
        return this.#verdict(room, bareJid, this.#of(room).spendRoom(baseCost, this.clock.now()));
      },
      -25,
    );
  }

  #limitTheRest(): void {
    // After the checks of the nick (2 and 1).
    this.module.hook("muc-occupant-pre-change", ({ room, bareJid, origOccupant, destOccupant }) => {
      if (this.#isExempt(room, bareJid)) return undefined;
      const isOther = destOccupant.nick !== origOccupant.nick;
      return (isOther ? this.#nickRefusal(room, destOccupant.nick) : undefined) ?? this.#spend(room, bareJid);
    });
    // After the check of the role (50): silence costs nothing. Before the subject (20), which ends the event.
    this.module.hook("muc-occupant-groupchat", ({ room, from, stanza }) => this.#say(room, bare(from), stanza), 30);
    this.module.hook("muc-private-message", ({ room, sender, stanza }) => this.#say(room, sender.bareJid, stanza));
    this.module.hook("muc-pre-invite", ({ room, stanza }) => {
      const jid = bare(String(stanza.attrs["from"]));
      return this.#isExempt(room, jid) ? undefined : this.#spend(room, jid);
    });
  }

  #isExempt(room: Room, jid: BareJid): boolean {
    return isAtLeast(room.getAffiliation(jid), "member");
  }

  #nickRefusal(room: Room, nick: OccupantJid): StanzaError | undefined {
    if ([...(resourceOf(nick) ?? "")].length <= this.#limits.nickLength) return undefined;
    return policyViolation("modify", "This nickname is too long, please use a shorter one", room);
  }

  #say(room: Room, jid: BareJid, message: Element): StanzaError | undefined {
    if (this.#isExempt(room, jid)) return undefined;
    const texts = textsOf(message);
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const lines = texts.reduce((sum, text) => sum + text.split("\n").length, 0);
    if (bytes > this.#limits.chars || lines > this.#limits.lines) {
      return policyViolation("modify", "This message is too long, please write a shorter one", room);
    }
    const { lineCost } = this.#limits;
    if (lines === 0 && isChatState(message)) return this.#spend(room, jid, lineCost);
    return this.#spend(room, jid, this.#limits.room.baseCost + Math.max(0, lines - 1) * lineCost);
  }

  #spend(room: Room, jid: BareJid, cost = this.#limits.room.baseCost): StanzaError | undefined {
    return this.#verdict(room, jid, this.#of(room).spend(jid, cost, this.clock.now()));
  }

  #verdict(room: Room, jid: BareJid, exhausted: Exhausted): StanzaError | undefined {
    if (exhausted === undefined) return undefined;
    this.module.log("debug", "%s: %s is over the limit of the %s", room.jid, jid, exhausted);
    return policyViolation("wait", TOO_FAST[exhausted], room);
  }

  #of(room: Room): RoomBuckets {
    const known = this.#rooms.get(room);
    if (known) return known;
    const buckets = new RoomBuckets(this.#limits.room, this.#limits.occupant, this.clock.now());
    // Nothing is remembered of those who have gone, or of rooms, for longer than it limits anybody.
    if (this.#rooms.size === 0) this.module.addTimer(this.#sweepSeconds, () => this.#sweep());
    this.#rooms.set(room, buckets);
    return buckets;
  }

  /** A bucket is full again after this time. */
  get #sweepSeconds(): number {
    return Math.max(this.#limits.room.burstSeconds, this.#limits.occupant.burstSeconds);
  }

  /** @returns when to look again, while there is something to look at */
  #sweep(): number | undefined {
    const now = this.clock.now();
    for (const [room, buckets] of this.#rooms) {
      if (!buckets.sweep(now)) this.#rooms.delete(room);
    }
    return this.#rooms.size > 0 ? this.#sweepSeconds : undefined;
  }
}
