import { inject, injectable, ModuleApiToken, StanzaError, type ModuleApi } from "chorus-muc";
import { hasRole, invalidField, isAtLeast, type FormField, type PrivateMessageEvent } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_allowpm";
const FIELD_MODERATORS = "{xmpp:prosody.im}muc#allow_modpm";

/** Who may send private messages: the least role, anybody with an affiliation, or nobody. */
export type AllowPm = "visitor" | "participant" | "moderator" | "affiliated" | "none";

declare module "chorus-muc/muc" {
  interface Room {
    /** Who may send private messages. */
    getAllowPm(): AllowPm;
    /** @returns false when it was so already @throws TypeError for another word */
    setAllowPm(allowed: AllowPm): boolean;
    /** Whether anybody may write to moderators, and they to anybody. */
    getAllowModpm(): boolean;
    /** Whether private messages from and to moderators always pass. @returns false when it was so already */
    setAllowModpm(isAllowed: boolean): boolean;
  }
}

const LABELS: Readonly<Record<AllowPm, string>> = {
  visitor: "Everyone",
  participant: "Participants",
  moderator: "Moderators",
  affiliated: "Members",
  none: "No one",
};

/** The specification's words (XEP-0045 §16.5.3), and those that older data has. */
const OTHER_WORDS: Readonly<Record<string, AllowPm>> = {
  anyone: "visitor",
  everyone: "visitor",
  participants: "participant",
  moderators: "moderator",
  members: "affiliated",
};

const REFUSALS: Readonly<Record<Exclude<AllowPm, "visitor">, string>> = {
  none: "in this group",
  participant: "from guests",
  moderator: "from non-moderators",
  affiliated: "from non-members",
};

function parseAllowPm(word: unknown): AllowPm | undefined {
  if (typeof word !== "string") return undefined;
  if (Object.hasOwn(LABELS, word)) return word as AllowPm;
  return Object.hasOwn(OTHER_WORDS, word) ? OTHER_WORDS[word] : undefined;
}

function isAllowed({ room, sender, recipient }: PrivateMessageEvent, allowed: AllowPm): boolean {
  if (sender.bareJid === recipient.bareJid) return true;
  if (room.getAllowModpm() && (sender.role === "moderator" || recipient.role === "moderator")) return true;
  if (allowed === "affiliated") return isAtLeast(room.getAffiliation(sender.bareJid), "member");
  return allowed !== "none" && hasRole(sender.role, allowed);
}

/**
 * Limits who may send private messages in a room (XEP-0045 §7.5, `muc#roomconfig_allowpm` of §16.5.3, whose words are
 * taken beside Prosody's).
 *
 * New rooms: `muc_room_default_allow_pm` (default `visitor`: everybody) and
 * `muc_room_default_always_allow_moderator_pms` (default false).
 */
@injectable()
export default class MucRestrictPm {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const words = Object.keys(LABELS) as AllowPm[];
    const fallback = parseAllowPm(
      this.module.getOptionEnum<string>("muc_room_default_allow_pm", "visitor", ...words, ...Object.keys(OTHER_WORDS)),
    );
    const modpmByDefault = this.module.getOptionBoolean("muc_room_default_always_allow_moderator_pms", false);

    const allowPm = this.module.roomState<string>("allow_pm", { persist: true });
    const allowModpm = this.module.roomState<boolean>("allow_modpm", { persist: true, default: false });
    this.module.roomMethods({
      getAllowPm() {
        return parseAllowPm(allowPm.get(this)) ?? "visitor";
      },
      setAllowPm(allowed) {
        const value = parseAllowPm(allowed);
        if (value === undefined) throw new TypeError(`setAllowPm: one of ${words.join(", ")}, received ${allowed}`);
        if (value === this.getAllowPm()) return false;
        return allowPm.set(this, value === "visitor" ? undefined : value);
      },
      getAllowModpm() {
        return allowModpm.get(this);
      },
      setAllowModpm(isAlways) {
        return allowModpm.set(this, isAlways);
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setAllowPm(fallback ?? "visitor");
      room.setAllowModpm(modpmByDefault);
    });

    this.module.hook("muc-config-form", ({ room, form }) => {
      form.push(this.#allowPmField(room.getAllowPm()), {
        name: FIELD_MODERATORS,
        type: "boolean",
        label: "Always allow private messages to moderators",
        value: room.getAllowModpm(),
      });
    });

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const allowed = parseAllowPm(value);
      if (allowed === undefined) return invalidField(FIELD, "Required value missing");
      if (room.setAllowPm(allowed)) statusCodes.add("104");
      return undefined;
    });
    this.module.hook(`muc-config-submitted/${FIELD_MODERATORS}`, ({ updateOption }) => {
      updateOption("allowModpm", FIELD_MODERATORS);
    });

    this.module.hook(
      "muc-private-message",
      (event) => {
        const allowed = event.room.getAllowPm();
        if (allowed === "visitor" || isAllowed(event, allowed)) return undefined;
        const text = `Private messages are restricted ${REFUSALS[allowed]}`;
        return new StanzaError({ type: "cancel", condition: "policy-violation", text, by: event.room.jid });
      },
      1,
    );
  }

  #allowPmField(value: AllowPm): FormField {
    return {
      name: FIELD,
      type: "list-single",
      label: "Allow private messages from",
      value,
      options: Object.entries(LABELS).map(([word, label]) => ({ value: word, label })),
      accepts: Object.keys(OTHER_WORDS),
    };
  }
}
