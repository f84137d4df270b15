import { ClockToken, getChild, inject, injectable, ModuleApiToken, resourceOf } from "chorus-muc";
import type { BareJid, Clock, Element, ModuleApi } from "chorus-muc";
import { MucToken, type Muc, type Room, type RoomState } from "chorus-muc/muc";
import { RoomStatsToken, type RoomFigures, type RoomStats } from "./room-stats.js";

/** Figures as they are kept; talkers by bare JID, who spoke last comes last. */
interface Tally {
  since: number;
  messages: number;
  joins: number;
  peak: number;
  talkers: Record<BareJid, { nick: string; messages: number }>;
}

/**
 * Counts what goes on in each room, for other modules: messages, joins, the most occupants at once, who talks most.
 *
 * Counting changes numbers in memory, and nothing else. They are stored with the room now and then
 * (`muc_room_stats_interval`, seconds, default 300) and when the last occupant leaves, so that a crash costs a few
 * minutes of figures, and a message never a write.
 */
@injectable()
export default class MucRoomStats implements RoomStats {
  static readonly requires = ["muc"];

  /** What is counted with; lives as long as the room is in memory, over a reload of this module, too. */
  readonly #tallies: RoomState<Tally>;
  readonly #stored: RoomState<Tally>;
  /** Rooms whose tally says more than what is stored. */
  readonly #changed = new Set<Room>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#tallies = module.roomState("room_stats_now");
    this.#stored = module.roomState("room_stats", { persist: true });
  }

  load(): void {
    const { module } = this;
    const interval = module.getOptionPeriod("muc_room_stats_interval", 300, 10);
    const maxTalkers = module.getOptionInteger("muc_room_stats_talkers", 100, 0);
    const count = module.measure("messages", "counter");
    module.provide(RoomStatsToken, this);

    module.hook("muc-occupant-joined", ({ room, occupant }) => {
      if (occupant.bareJid === module.host) return; // a bot of the service's own
      const tally = this.#change(room);
      const { joins, peak } = tally;
      tally.joins++;
      tally.peak = Math.max(peak, room.occupantCount);
      // The step may still fail: then nobody has joined.
      room.onRollback(() => {
        Object.assign(tally, { joins, peak });
      });
    });

    module.hook("muc-broadcast-message", ({ room, stanza, onSent }) => {
      const speaker = room.getOccupantByNick(String(stanza.attrs["from"]));
      if (!speaker || speaker.bareJid === module.host || !getChild(stanza, "body")) return undefined;
      const { bareJid } = speaker;
      // Another handler may still keep it back.
      onSent(() => {
        count(1);
        this.#note(room, bareJid, stanza, maxTalkers);
      });
      return undefined;
    });

    // Before the engine (-1) looks whether the room may go.
    module.hook("muc-occupant-left", ({ room }) => {
      if (!room.hasOccupant()) this.#store(room);
    });
    module.addTimer(interval, () => {
      this.#storeAll();
      return interval;
    });
    // Before the engine (-300) ends the rooms.
    module.hookGlobal("server-stopping", () => {
      this.#storeAll();
    });
  }

  unload(): void {
    this.#storeAll();
  }

  figures(room: Room): RoomFigures {
    const { talkers, ...numbers } = this.#tally(room);
    const list = Object.values(talkers).sort((a, b) => b.messages - a.messages);
    return { ...numbers, talkers: list.map((talker) => ({ ...talker })) };
  }

  startAnew(room: Room): RoomFigures {
    const before = this.figures(room);
    const tally = this.#empty(room);
    this.#tallies.set(room, tally);
    this.#stored.set(room, structuredClone(tally));
    return before;
  }

  #note(room: Room, jid: BareJid, stanza: Element, maxTalkers: number): void {
    const tally = this.#change(room);
    tally.messages++;
    const before = tally.talkers[jid];
    Reflect.deleteProperty(tally.talkers, jid);
    const nick = resourceOf(String(stanza.attrs["from"])) ?? "";
    tally.talkers[jid] = { nick, messages: (before?.messages ?? 0) + 1 };
    const [longestSilent] = Object.keys(tally.talkers);
    if (longestSilent !== undefined && Object.keys(tally.talkers).length > maxTalkers) {
      Reflect.deleteProperty(tally.talkers, longestSilent);
    }
  }

  #empty(room: Room): Tally {
    const since = Math.floor(this.clock.now() / 1000);
    return { since, messages: 0, joins: 0, peak: room.occupantCount, talkers: {} };
  }

  #tally(room: Room): Tally {
    let tally = this.#tallies.get(room);
    if (!tally) {
      const stored = this.#stored.get(room);
      tally = stored ? structuredClone(stored) : this.#empty(room);
      this.#tallies.set(room, tally);
    }
    return tally;
  }

  #change(room: Room): Tally {
    this.#changed.add(room);
    return this.#tally(room);
  }

  #storeAll(): void {
    for (const room of [...this.#changed]) this.#store(room);
  }

  #store(room: Room): void {
    if (!this.#changed.delete(room) || this.muc.getLiveRoomFromJid(room.jid) !== room) return;
    this.#stored.set(room, structuredClone(this.#tally(room)));
  }
}
