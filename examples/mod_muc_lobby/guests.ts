import type { BareJid, Clock, ModuleApi } from "chorus-muc";
import type { Room, RoomState } from "chorus-muc/muc";

/** Somebody at the door of a room, as stored. */
export interface Guest {
  readonly state: "waiting" | "admitted" | "denied";
  /** The nick that they asked for. */
  readonly nick: string;
  /** Unix seconds: then it is forgotten. */
  readonly until: number;
}

type Stored = Readonly<Record<string, Guest>>;

/** Who waits at the door of rooms, who may enter, and who was sent away: `_data.lobby_guests`. */
export class Guests {
  readonly #stored: RoomState<Stored, Stored>;

  /** @param periods seconds that each state lasts */
  constructor(
    module: ModuleApi,
    private readonly clock: Clock,
    private readonly periods: Readonly<Record<Guest["state"], number>>,
    private readonly maxWaiting: number,
  ) {
    this.#stored = module.roomState<Stored>("lobby_guests", { persist: true, default: {} });
  }

  get(room: Room, jid: BareJid): Guest | undefined {
    return this.#current(room).find(([other]) => other === jid)?.[1];
  }

  waiting(room: Room): [BareJid, Guest][] {
    return this.#current(room).filter(([, { state }]) => state === "waiting");
  }

  /** @returns false when there is no space for another one who waits */
  put(room: Room, jid: BareJid, state: Guest["state"], nick: string): boolean {
    const others = this.#current(room).filter(([other]) => other !== jid);
    if (state === "waiting" && others.filter(([, guest]) => guest.state === state).length >= this.maxWaiting) {
      return false;
    }
    const until = Math.floor(this.clock.now() / 1000) + this.periods[state];
    this.#stored.set(room, Object.fromEntries([...others, [jid, { state, nick, until }]]));
    return true;
  }

  drop(room: Room, jid: BareJid): void {
    this.#stored.set(room, Object.fromEntries(this.#current(room).filter(([other]) => other !== jid)));
  }

  clear(room: Room): void {
    this.#stored.set(room, undefined);
  }

  #current(room: Room): [BareJid, Guest][] {
    const now = this.clock.now() / 1000;
    const all = Object.entries(this.#stored.get(room)) as [BareJid, Guest][];
    return all.filter(([, { until }]) => now < until);
  }
}
