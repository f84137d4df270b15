import { inject, injectable, ModuleApiToken, type ModuleApi } from "chorus-muc";

const FIELD = "muc#roomconfig_lang";

declare module "chorus-muc/muc" {
  interface Room {
    /** Main language, as in `xml:lang`. */
    getLanguage(): string | undefined;
    /** Empty text removes the language. @returns false when it was the language already */
    setLanguage(language: string | undefined): boolean;
  }
}

/**
 * Says which language a room speaks (XEP-0045 §16.5.3, `muc#roomconfig_lang`; shown as `muc#roominfo_lang`, §16.5.4).
 *
 * A new room speaks its creator's (`xml:lang` of the presence), else `muc_room_default_language` (none).
 */
@injectable()
export default class MucLanguage {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const fallback = this.module.getOptionString("muc_room_default_language");
    const languages = this.module.roomState<string>("language", { persist: true });
    this.module.roomMethods({
      getLanguage() {
        return languages.get(this);
      },
      setLanguage(language) {
        return languages.set(this, language || undefined);
      },
    });

    this.module.hook("muc-room-defaults", ({ room, stanza }) => {
      room.setLanguage((stanza?.attrs["xml:lang"] as string | undefined) ?? fallback);
    });

    this.module.hook("muc-public-room", ({ room, entry }) => {
      const language = room.getLanguage();
      if (language !== undefined) entry["language"] = language;
    });

    this.module.hook("muc-disco#info", ({ room, form }) => {
      form.push({ name: "muc#roominfo_lang", type: "text-single", value: room.getLanguage() ?? "" });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          datatype: "xs:language",
          label: "Language tag for room (e.g. 'en', 'de', 'fr' etc.)",
          desc: "The language that is mostly spoken in the room",
          value: room.getLanguage() ?? "",
        });
      },
      97,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("language", FIELD);
    });
  }
}
