import { randomInt } from "node:crypto";
import { bare, resourceOf, type ModuleApi } from "chorus-muc";
import type { Room, RoomState } from "chorus-muc/muc";
import type { BotCommand, BotRequest } from "./bot-command.js";
import type { Reminders } from "./reminders.js";

const MAX_TEXT = 200;
const MAX_SECONDS = 30 * 86_400;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
/** Nicks that a room remembers. */
const MAX_SEEN = 200;

/** Who asks, by nick. */
function asker({ occupant }: BotRequest): string {
  return resourceOf(occupant.nick) ?? "";
}

/** What the bot can do, other modules' commands included. */
export function help(prefix: string, commands: ReadonlyMap<string, BotCommand>): BotCommand {
  return {
    name: "help",
    help: "what I can do",
    run() {
      const line = ({ name, usage, help }: BotCommand): string => `${[prefix + name, usage].join(" ").trim()}: ${help}`;
      return [...commands.values()].map(line).sort().join("\n");
    },
  };
}

/** Dice: up to 20 with up to 1000 sides. */
export const roll: BotCommand = {
  name: "roll",
  usage: "2d6",
  help: "rolls dice",
  run(request) {
    const [, count = "1", sides = "6"] = /^(?:(\d{1,2})?d(\d{1,4}))?$/i.exec(request.text) ?? [undefined, "0"];
    if (+count < 1 || +count > 20 || +sides < 2 || +sides > 1000) return `${asker(request)}: like this: 2d6`;
    const thrown = Array.from({ length: +count }, () => randomInt(+sides) + 1);
    const sum = thrown.reduce((a, b) => a + b);
    return `${asker(request)}: ${thrown.length === 1 ? sum : `${thrown.join(" + ")} = ${sum}`}`;
  },
};

/** Reminders in this room; each user has `limit` of them at a time. */
export function remind(reminders: Reminders, nowSeconds: () => number, limit: number): BotCommand {
  return {
    name: "remind",
    usage: "10m tea",
    help: "reminds you here after so many s, m, h or d",
    async run(request) {
      const [, count = "", unit = "", text = ""] = /^(\d{1,7})([smhd])\s+(\S[^]*)$/.exec(request.text) ?? [];
      const seconds = Number(count) * (SECONDS[unit] ?? 0);
      const nick = asker(request);
      if (seconds < 1 || seconds > MAX_SECONDS || text.length > MAX_TEXT) return `${nick}: like this: 10m tea`;
      const reminder = { at: nowSeconds() + seconds, author: bare(request.occupant.bareJid), nick, text };
      const isKept = await reminders.add(request.room, reminder, limit);
      return isKept ? `${nick}: I will.` : `${nick}: you have ${limit} reminders already`;
    },
  };
}

/** When a nick spoke or was here last, as long as the room is in memory. */
export function seen(module: ModuleApi, nowSeconds: () => number): BotCommand {
  const memory: RoomState<Map<string, number>> = module.roomState("bot_seen");
  const note = (room: Room, nick: string): void => {
    const times = memory.get(room) ?? new Map<string, number>();
    memory.set(room, times);
    times.delete(nick);
    times.set(nick, nowSeconds());
    const [oldest] = times.keys();
    if (oldest !== undefined && times.size > MAX_SEEN) times.delete(oldest);
  };
  module.hook("muc-occupant-left", ({ room, nick }) => {
    note(room, resourceOf(nick) ?? "");
  });
  return {
    name: "seen",
    usage: "NICK",
    help: "when somebody was here",
    run(request) {
      const { room, text } = request;
      if (room.getOccupantByNick(`${room.jid}/${text}`)) return `${asker(request)}: ${text} is here`;
      const time = memory.get(room)?.get(text);
      if (time === undefined) return `${asker(request)}: I have not seen ${text.slice(0, MAX_TEXT)}`;
      return `${asker(request)}: ${text} left ${Math.round((nowSeconds() - time) / 60)} minutes ago`;
    },
  };
}
