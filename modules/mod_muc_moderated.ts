import { inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";

const FIELD = "muc#roomconfig_moderatedroom";

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether who has no affiliation enters without voice. */
    getModerated(): boolean;
    /** Roles of who is in the room stay as they are. @returns false when it was so already */
    setModerated(isModerated: boolean): boolean;
  }
}

/**
 * Lets only those with voice speak (XEP-0045 §4.2, Moderated Room): who enters without affiliation is a visitor.
 *
 * New rooms: `muc_room_default_moderated` (default false).
 */
@injectable()
export default class MucModerated {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const isDefault = this.module.getOptionBoolean("muc_room_default_moderated", false);
    const moderated = this.module.roomState<boolean>("moderated", { persist: true, default: false });
    this.module.roomMethods({
      getModerated() {
        return moderated.get(this);
      },
      setModerated(isModerated) {
        return moderated.set(this, isModerated);
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setModerated(isDefault);
    });

    this.module.hook("muc-disco#info", ({ room, query }) => {
      query.append(xml("feature", { var: room.getModerated() ? "muc_moderated" : "muc_unmoderated" }));
    });

    // After members-only (2), which lets nobody in without affiliation; before the engine's roles (-1).
    this.module.hook(
      "muc-get-default-role",
      ({ room, affiliation }) => (affiliation === "none" && room.getModerated() ? "visitor" : undefined),
      1,
    );

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Moderated (require permission to speak)",
          desc: "In moderated rooms a moderator must allow occupants to speak",
          value: room.getModerated() || undefined,
        });
      },
      77,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("moderated", FIELD);
    });
  }
}
