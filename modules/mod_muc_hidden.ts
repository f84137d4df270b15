import { inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";

const FIELD = "muc#roomconfig_publicroom";
const PERMISSION = "muc:create-public-room";

declare module "chorus-muc/muc" {
  interface Room {
    /** @returns false when it was so already */
    setHidden(isHidden: boolean): boolean;
    /** The contrary of `getHidden`. */
    getPublic(): boolean;
    /** The opposite of {@link setHidden}. @returns false when it was so already */
    setPublic(isPublic: boolean): boolean;
  }
}

/**
 * Keeps a room out of the public list of rooms, or shows it there (XEP-0045 §4.2, Hidden Room and Public Room).
 *
 * Only an owner with the permission `muc:create-public-room` sees the field; by default registered users of the server
 * that the rooms belong to, with `muc_room_allow_public = false` admins of the service only. New rooms:
 * `muc_room_default_public` (default false).
 */
@injectable()
export default class MucHidden {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const isPublicByDefault = this.module.getOptionBoolean("muc_room_default_public", false);
    const isForAll = this.module.getOptionBoolean("muc_room_allow_public", true);
    this.module.defaultPermission(isForAll ? "prosody:registered" : "prosody:admin", PERMISSION);

    const hidden = this.module.roomState<boolean>("hidden", { persist: true, default: false });
    this.module.roomMethods({
      getHidden() {
        return hidden.get(this);
      },
      setHidden(isHidden) {
        return hidden.set(this, isHidden);
      },
      getPublic() {
        return !this.getHidden();
      },
      setPublic(isPublic) {
        return this.setHidden(!isPublic);
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setPublic(isPublicByDefault);
    });

    // Who has not been told of it learns nothing of what is inside.
    this.module.hook("muc-may-see-details", ({ room }) => (room.getHidden() ? false : undefined));

    this.module.hook("muc-disco#info", ({ room, query }) => {
      query.append(xml("feature", { var: room.getHidden() ? "muc_hidden" : "muc_public" }));
    });

    this.module.hook(
      "muc-config-form",
      ({ room, actor, form }) => {
        if (!this.module.may(PERMISSION, actor)) return;
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Include room information in public lists",
          desc: "Lets people find the room",
          value: room.getPublic(),
        });
      },
      91,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("public", FIELD);
    });
  }
}
