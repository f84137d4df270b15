import { childText, ClockToken, inject, injectable, ModuleApiToken, type Clock, type ModuleApi } from "chorus-muc";
import { MucToken, type Muc, type Room } from "chorus-muc/muc";
import type { BotCommand, BotRequest } from "./bot-command.js";
import { help, remind, roll, seen } from "./commands.js";
import { Rate } from "./rate.js";
import { Reminders } from "./reminders.js";
import { Resident } from "./resident.js";

const FIELD = "muc#roomconfig_bot";

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether the bot is in this room. */
    getBot(): boolean;
    /** @returns false when it was so already */
    setBot(isWanted: boolean): boolean;
  }
}

/**
 * A bot in every room whose owner wants it (`muc_bot_default`, default true), under the nick `muc_bot_nick` (default
 * `Bot`). It answers to `!help`, `!roll`, `!remind`, `!seen`, and to the commands of other modules, which are items:
 * `module.addItem("bot-command", command)`.
 *
 * It hears what has been sent to the room, so what other modules refuse or hold it never hears of, and history neither.
 */
@injectable()
export default class MucBot {
  static readonly requires = ["muc"];

  readonly #commands = new Map<string, BotCommand>();
  readonly #resident: Resident;
  readonly #reminders: Reminders;
  readonly #now: () => number;
  /** New code comes in place of this: the bot stays where it is. */
  #isReloading = false;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) muc: Muc,
    @inject(ClockToken) clock: Clock,
  ) {
    this.#now = () => Math.floor(clock.now() / 1000);
    const nick = module.getOptionString("muc_bot_nick", "Bot");
    this.#resident = new Resident(module, muc, nick, (room) => room.getBot());
    this.#reminders = new Reminders(module, muc, this.#now, (room, { nick, text }) => {
      this.#resident.say(room, `${nick}: ${text}`);
    });
  }

  async load(): Promise<void> {
    const { module } = this;
    const prefix = module.getOptionString("muc_bot_prefix", "!");
    const reminders = module.getOptionInteger("muc_bot_reminders", 5, 0);
    const perUser = new Rate(module.getOptionInteger("muc_bot_answers_per_user", 3, 1), 30, this.#now);
    const perRoom = new Rate(module.getOptionInteger("muc_bot_answers_per_room", 10, 1), 30, this.#now);
    this.#settings();
    this.#resident.load();
    await this.#reminders.load();

    module.handleItems(
      "bot-command",
      (command) => this.#commands.set(command.name, command),
      (command) => this.#commands.delete(command.name),
    );
    module.addItem("bot-command", help(prefix, this.#commands));
    module.addItem("bot-command", roll);
    module.addItem("bot-command", remind(this.#reminders, this.#now, reminders));
    module.addItem("bot-command", seen(module, this.#now));

    // Last, so that an answer knows of the message that it answers.
    module.hook(
      "muc-broadcast-message",
      ({ room, stanza, onSent }) => {
        const occupant = room.getOccupantByNick(String(stanza.attrs["from"]));
        const body = childText(stanza, "body");
        if (!occupant || occupant.jid === this.#resident.jid || !room.getBot() || !body?.startsWith(prefix)) {
          return undefined;
        }
        const [, name = "", text = ""] = /^(\S+)\s*([^]*)$/.exec(body.slice(prefix.length)) ?? [];
        const command = this.#commands.get(name.toLowerCase());
        if (!command) return undefined;
        onSent(() => {
          // In silence: an answer that says so would be one too many.
          if (!perUser.take(`${room.jid} ${occupant.bareJid}`) || !perRoom.take(room.jid)) return;
          void this.#answer(command, { room, occupant, stanza, text: text.trim() });
        });
        return undefined;
      },
      -1000,
    );
  }

  ready(): void {
    this.#resident.settleEverywhere();
  }

  save(): void {
    this.#isReloading = true;
  }

  unload(): void {
    if (!this.#isReloading) this.#resident.leaveEverywhere();
  }

  #settings(): void {
    const { module } = this;
    const byDefault = module.getOptionBoolean("muc_bot_default", true);
    const wanted = module.roomState<boolean>("bot", { persist: true, default: byDefault });
    const settle = (room: Room): void => {
      this.#resident.settle(room);
    };
    module.roomMethods({
      getBot() {
        return wanted.get(this);
      },
      setBot(isWanted) {
        if (!wanted.set(this, isWanted)) return false;
        settle(this);
        return true;
      },
    });
    module.hook("muc-config-form", ({ room, form }) => {
      form.push({ name: FIELD, type: "boolean", label: "A bot answers in this room", value: room.getBot() });
    });
    module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("bot", FIELD);
    });
  }

  /** A command that fails is the log's business, not the room's. */
  async #answer(command: BotCommand, request: BotRequest): Promise<void> {
    try {
      const result = command.run(request);
      const text = typeof result === "object" ? await result : result;
      if (text !== undefined && this.module.loaded) this.#resident.say(request.room, text);
    } catch (error) {
      this.module.log("error", "the command %s failed in %s: %s", command.name, request.room.jid, error);
    }
  }
}
