import { randomUUID } from "node:crypto";
import { createToken, inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";
import { MucToken, type Muc, type Room } from "chorus-muc/muc";
import type { BotCommand } from "../mod_muc_bot/bot-command.js";
import type { RoomFigures, RoomStats } from "../mod_muc_room_stats/room-stats.js";

/** As `mod_muc_room_stats` has it: this module could be a package of its own, with none of that one's code. */
const RoomStatsToken = createToken<RoomStats>("muc_room_stats/RoomStats", "muc_room_stats");

/** Seconds: what has just begun is not worth a report, as when the module is new. */
const YOUNGEST = 86_400;
const FIELD = "muc#roomconfig_stats_report";

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether the room is told every week what went on in it. */
    getStatsReport(): boolean;
    /** @returns false when it was so already */
    setStatsReport(isWanted: boolean): boolean;
  }
}

/** Figures in words. */
export function describe({ since, messages, joins, peak, talkers }: RoomFigures, maxTalkers: number): string {
  const day = new Date(since * 1000).toISOString().slice(0, 10);
  const lines = [`Since ${day}: ${messages} messages, ${joins} joins, ${peak} occupants at once at most.`];
  const most = talkers.slice(0, maxTalkers).map((talker) => `${talker.nick} (${talker.messages})`);
  if (most.length > 0) lines.push(`Most active: ${most.join(", ")}.`);
  return lines.join("\n");
}

/**
 * Tells rooms every week what went on in them, where an owner asked for it in the room's form, with the figures of
 * `mod_muc_room_stats`. Shows them in the details of the room, too, and by `!stats` where `mod_muc_bot` is.
 *
 * It names the `muc_stats_report_talkers` (default 3) who said most.
 */
@injectable()
export default class MucStatsReport {
  static readonly requires = ["muc"];

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
    @inject(RoomStatsToken) private readonly stats: RoomStats,
  ) {}

  load(): void {
    const { module, stats } = this;
    const maxTalkers = module.getOptionInteger("muc_stats_report_talkers", 3, 0);
    const wanted = module.roomState<boolean>("stats_report", { persist: true, default: false });
    const count = module.measure("reports", "counter");
    module.roomMethods({
      getStatsReport() {
        return wanted.get(this);
      },
      setStatsReport(isWanted) {
        return wanted.set(this, isWanted);
      },
    });

    module.hook("muc-disco#info", ({ room, form, showsDetails }) => {
      if (!showsDetails) return;
      const { messages, peak } = stats.figures(room);
      form.push({ name: "muc#roominfo_stats_messages", type: "text-single", value: String(messages) });
      form.push({ name: "muc#roominfo_stats_peak", type: "text-single", value: String(peak) });
    });
    module.hook("muc-config-form", ({ room, form }) => {
      const label = "Post a report of what went on here every week";
      form.push({ name: FIELD, type: "boolean", label, value: room.getStatsReport() });
    });
    module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("statsReport", FIELD);
    });

    // Nobody minds this when there is no bot.
    const command: BotCommand = {
      name: "stats",
      help: "what went on in this room",
      run: ({ room }) => describe(stats.figures(room), maxTalkers),
    };
    module.addItem("bot-command", command);

    module.weekly("report", async (_task, now) => {
      for await (const room of this.muc.allRooms()) {
        if (!room.getStatsReport() || stats.figures(room).since > now - YOUNGEST) continue;
        await this.#report(room, maxTalkers);
        count(1);
      }
    });
  }

  /** The report and the new beginning are one step: when it fails, nobody is told, and the figures go on. */
  async #report(room: Room, maxTalkers: number): Promise<void> {
    await room.run(() => {
      const body = describe(this.stats.startAnew(room), maxTalkers);
      const message = xml("message", { type: "groupchat", from: room.jid, id: randomUUID() }, xml("body", {}, body));
      room.broadcastMessage(message);
    });
  }
}
