import { atomOf, itemsOf, textOf, type Term } from "./term.js";
import { termToJson } from "./term-json.js";
import { TextError } from "./text-error.js";
import type { Json } from "chorus-muc";

/** Says something of a room that is not as it was. */
export type Tell = (kind: "lost" | "left" | "note", reason: string) => void;

/** Options that nothing here does, with what each is by default, and what is missing where it is something else. */
const WITHOUT_EQUIVALENT: Readonly<Record<string, readonly [byDefault: Json, missing: string]>> = {
  allow_query_users: [true, "that nobody may send requests to occupants"],
  allow_visitor_status: [true, "that visitors may not say their status"],
  public_list: [true, "that strangers may not see who is inside"],
  captcha_protected: [false, "CAPTCHAs"],
  captcha_whitelist: [[], "CAPTCHAs, and who is spared them"],
  allow_voice_requests: [true, "that nobody may ask for voice"],
  voice_request_min_interval: [1800, "how often somebody may ask for voice"],
  allow_subscription: [false, "subscriptions (MUC/Sub)"],
  subscribers: [[], "subscriptions (MUC/Sub)"],
  logging: [false, "logs as web pages"],
};
/** Options that follow from others, or say nothing of the room. */
const DERIVED: ReadonlySet<string> = new Set(["vcard_xupdate", "hibernation_time", "enable_hats"]);

/** The options of one room, each of which is asked for once; what is left then has no place here. */
export class RoomOptions {
  readonly #options = new Map<string, Term>();

  constructor(
    options: readonly Term[],
    readonly tell: Tell,
  ) {
    for (const option of options) {
      const [name, value] = itemsOf(option, 2) ?? [];
      if (atomOf(name) !== undefined && value !== undefined) this.#options.set(atomOf(name) ?? "", value);
      else tell("lost", "there is an option without a name");
    }
  }

  /** @returns what the option is, or `undefined` where it is not there */
  take(name: string): Term | undefined {
    const value = this.#options.get(name);
    this.#options.delete(name);
    return value;
  }

  /** @returns whether it is on; default: `byDefault`, which is ejabberd's */
  takeBoolean(name: string, byDefault: boolean): boolean {
    return this.#taken(name, byDefault, (value) => {
      const word = atomOf(value);
      return word === "true" || (word === "false" ? false : undefined);
    });
  }

  /** @returns its text; default: none */
  takeText(name: string): string {
    return this.#taken(name, "", (value) => {
      try {
        return textOf(value);
      } catch (error) {
        if (error instanceof TextError) return undefined;
        throw error;
      }
    });
  }

  /** @returns one of some words; default: the first */
  takeWord<T extends string>(name: string, ...words: readonly [T, ...T[]]): T {
    return this.#taken(name, words[0], (value) => words.find((word) => word === atomOf(value)));
  }

  #taken<T>(name: string, byDefault: T, read: (value: Term) => T | undefined): T {
    const value = this.take(name);
    if (value === undefined) return byDefault;
    const found = read(value);
    if (found === undefined) this.tell("lost", `${name} is nothing that it may be: the default stays`);
    return found ?? byDefault;
  }

  /** What nobody asked for, as JSON, but what is as it is by default: that is nothing to keep. */
  rest(): Record<string, Json> {
    const rest: Record<string, Json> = {};
    for (const [name, value] of this.#options) {
      if (DERIVED.has(name)) continue;
      const json = termToJson(value);
      const [byDefault, missing] = WITHOUT_EQUIVALENT[name] ?? [];
      if (missing === undefined) this.tell("note", `nothing here knows the option ${name}; it is kept`);
      else if (JSON.stringify(json) === JSON.stringify(byDefault)) continue;
      else this.tell("note", `${name}: there is no equivalent of ${missing}; it is kept`);
      rest[name] = json;
    }
    return rest;
  }
}
