import type { ActionArgument, RoomAction } from "chorus-muc/muc";
import { addSetting, prepareText, type Settings } from "./values.js";

/** The words of a command line, understood. */
export interface Call {
  /** Room or host, as it was typed. */
  readonly target: string | undefined;
  readonly texts: Readonly<Record<string, string | undefined>>;
  readonly flags: ReadonlySet<string>;
  readonly settings: Settings;
  readonly isJson: boolean;
}

/** A call that cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

function usageOf({ name, kind, isOption, required }: ActionArgument, target: RoomAction["target"]): string {
  if (kind === "flag") return `[--${name}]`;
  // What does not exist yet has nothing to show.
  if (kind === "settings") return target === "room" ? "[FIELD | FIELD=VALUE]…" : "[FIELD=VALUE]…";
  const text = (isOption === true ? `--${name} ` : "") + name.toUpperCase();
  return required === true ? text : `[${text}]`;
}

/** Usage line of the command that is made of an action. */
export function commandUsage(action: RoomAction): string {
  const target = action.target === "host" ? "[HOST]" : "ROOM";
  const words = action.arguments.map((argument) => usageOf(argument, action.target));
  return ["muc", action.name, target, ...words, "[--json]"].join(" ");
}

/**
 * Reads the words after `chorusctl muc NAME`. Options are `--name VALUE` or `--name=VALUE`, anywhere; after `--` there
 * are none.
 * @throws UsageError
 */
export function readWords(action: RoomAction, words: readonly string[]): Call {
  const reader = new Reader(action);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === "--") {
      for (const rest of words.slice(at + 1)) reader.word(rest);
      break;
    }
    if (word.startsWith("--")) at += reader.option(word, words[at + 1]);
    else reader.word(word);
  }
  return reader.result();
}

class Reader {
  readonly #action: RoomAction;
  readonly #places: ActionArgument[];
  readonly #texts: Record<string, string | undefined> = {};
  readonly #flags = new Set<string>();
  readonly #settings: Settings = new Map();
  #target: string | undefined;
  #isJson = false;

  constructor(action: RoomAction) {
    this.#action = action;
    this.#places = action.arguments.filter(({ kind, isOption }) => kind !== "flag" && isOption !== true);
  }

  /** @returns how many words were taken beside the option itself */
  option(word: string, next: string | undefined): number {
    const at = word.indexOf("=");
    const name = word.slice(2, at === -1 ? undefined : at);
    const argument = this.#action.arguments.find((each) => each.name === name && !this.#places.includes(each));
    const isFlag = name === "json" || argument?.kind === "flag";
    if (!isFlag && !argument) throw new UsageError(`unknown option --${name}`);
    if (isFlag) {
      if (at !== -1) throw new UsageError(`--${name} takes no value`);
      if (name === "json") this.#isJson = true;
      else this.#flags.add(name);
      return 0;
    }
    const value = at === -1 ? next : word.slice(at + 1);
    if (value === undefined) throw new UsageError(`--${name}: expected a value, got nothing`);
    this.#take(argument as ActionArgument, value);
    return at === -1 ? 1 : 0;
  }

  word(word: string): void {
    if (this.#target === undefined) {
      this.#target = word;
      return;
    }
    const [place] = this.#places;
    if (!place) throw new UsageError(`expected nothing more, got "${word}"`);
    if (place.kind !== "settings") this.#places.shift();
    this.#take(place, word);
  }

  #take(argument: ActionArgument, text: string): void {
    const { name, kind } = argument;
    if (kind === "settings") {
      const problem = addSetting(this.#settings, text);
      if (problem !== undefined) throw new UsageError(problem);
      return;
    }
    if (this.#texts[name] !== undefined) throw new UsageError(`--${name} is given twice`);
    const read = prepareText(argument, text);
    if (typeof read === "string") throw new UsageError(`${name}: ${read}`);
    this.#texts[name] = read.value;
  }

  result(): Call {
    if (this.#target === undefined && this.#action.target !== "host")
      throw new UsageError("expected a ROOM, got nothing");
    for (const argument of this.#action.arguments) {
      if (argument.required === true && this.#texts[argument.name] === undefined) {
        throw new UsageError(`expected ${usageOf(argument, this.#action.target)}, got nothing`);
      }
    }
    return {
      target: this.#target,
      texts: this.#texts,
      flags: this.#flags,
      settings: this.#settings,
      isJson: this.#isJson,
    };
  }
}
