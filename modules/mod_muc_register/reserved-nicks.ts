import { StanzaError, type BareJid, type ModuleApi } from "chorus-muc";
import type { Room, RoomState, SetAffiliationEvent } from "chorus-muc/muc";

/** Which nicks of a room are reserved for whom: affiliation data, key `reserved_nickname`. */
export class ReservedNicks {
  /** Holders by nick, made from the affiliations when first asked for, and kept up with every change. */
  readonly #index: RoomState<Map<string, BareJid>>;

  constructor(private readonly module: ModuleApi) {
    this.#index = module.roomState<Map<string, BareJid>>("reserved_nicks");
  }

  load(): void {
    const holderOf = this.#holderOf.bind(this);
    this.module.roomMethods({
      getRegisteredNick(bareJid) {
        const nick = this.getAffiliationData(bareJid, "reserved_nickname");
        return typeof nick === "string" ? nick : undefined;
      },
      getRegisteredJid(nick) {
        return holderOf(this, nick);
      },
    });

    this.module.hook("muc-set-affiliation", ({ room, jid, previousData }) => {
      this.#changed(room, jid, previousData?.reserved_nickname);
    });
    this.module.hook("muc-set-affiliation-data/reserved_nickname", ({ room, jid, oldValue }) => {
      this.#changed(room, jid, oldValue);
    });

    // Last of all: other handlers may have taken their time, and somebody else the nick.
    this.module.hook("muc-pre-set-affiliation", (event) => this.#reserve(event), -1000);
  }

  /** Somebody's nick is another, perhaps. */
  #changed(room: Room, jid: BareJid, before: unknown): void {
    const index = this.#index.get(room);
    const nick = room.getRegisteredNick(jid);
    if (!index || before === nick) return;
    // A change that is taken back is rare: the index is made again then.
    room.onRollback(() => {
      this.#index.set(room, undefined);
    });
    if (typeof before === "string" && index.get(before) === jid) index.delete(before);
    if (nick !== undefined && room.getAffiliation(jid) !== "none") index.set(nick, jid);
  }

  #holderOf(room: Room, nick: string): BareJid | undefined {
    let index = this.#index.get(room);
    if (!index) {
      const holders = new Map<string, BareJid>();
      for (const [jid, , data] of room.eachAffiliation()) {
        if (typeof data?.reserved_nickname === "string") holders.set(data.reserved_nickname, jid);
      }
      index = holders;
      this.#index.set(room, index);
    }
    return index.get(nick);
  }

  /** A nick that is to be reserved with a change of affiliation has one holder, who has not been banned meanwhile. */
  #reserve(event: SetAffiliationEvent): StanzaError | undefined {
    const { room, jid, affiliation, previousAffiliation, data } = event;
    const nick = data?.reserved_nickname;
    if (typeof nick !== "string" || affiliation === "none") return undefined;
    // An admin may let somebody in whose domain is banned; the service may not.
    const isBanned =
      event.actor === undefined
        ? room.getAffiliation(jid) === "outcast"
        : room.eachAffiliation("outcast").some(([banned]) => banned === jid);
    if (previousAffiliation !== "outcast" && isBanned) return new StanzaError({ type: "auth", condition: "forbidden" });
    const holder = this.#holderOf(room, nick);
    if (holder === undefined || holder === jid) return undefined;
    return new StanzaError({ type: "cancel", condition: "conflict" });
  }
}
