import type { Element } from "chorus-muc";
import type { Occupant, Room } from "chorus-muc/muc";

/** Somebody asks the bot for something. */
export interface BotRequest {
  readonly room: Room;
  readonly occupant: Occupant;
  /** What they said. */
  readonly stanza: Element;
  /** What follows the command's name, without the space before. */
  readonly text: string;
}

/** A command of the bot. Any module adds one: `module.addItem("bot-command", command)`. */
export interface BotCommand {
  /** Without the prefix; lower case. */
  readonly name: string;
  /** What is to follow it, for humans: `NdM`. */
  readonly usage?: string;
  /** What it does, for humans; no full stop. */
  readonly help: string;
  /**
   * Called when the message that asks has been sent to everybody.
   * @returns what the bot says; `undefined`: nothing
   */
  run(request: BotRequest): string | undefined | Promise<string | undefined>;
}

declare module "chorus-muc" {
  interface HostItems {
    "bot-command": BotCommand;
  }
}
