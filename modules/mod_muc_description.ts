import { inject, injectable, ModuleApiToken, type ModuleApi } from "chorus-muc";
import { refuseLong } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_roomdesc";

declare module "chorus-muc/muc" {
  interface Room {
    /** What it is for, for people. */
    getDescription(): string | undefined;
    /** Empty text removes the description. @returns false when it was the description already */
    setDescription(description: string | undefined): boolean;
  }
}

/**
 * Describes a room (XEP-0045 §16.5.3, `muc#roomconfig_roomdesc`; shown as `muc#roominfo_description`, §16.5.4), in up to
 * `muc_max_room_desc` characters (default 10000).
 */
@injectable()
export default class MucDescription {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const max = this.module.getOptionInteger("muc_max_room_desc", 10_000, 1);
    const descriptions = this.module.roomState<string>("description", { persist: true });
    this.module.roomMethods({
      getDescription() {
        return descriptions.get(this);
      },
      setDescription(description) {
        return descriptions.set(this, description || undefined);
      },
    });

    this.module.hook("muc-public-room", ({ room, entry }) => {
      const description = room.getDescription();
      if (description !== undefined && entry["open"] === true) entry["description"] = description;
    });

    this.module.hook("muc-disco#info", ({ room, form, showsDetails }) => {
      if (!showsDetails) return;
      const value = room.getDescription() ?? "";
      form.push({ name: "muc#roominfo_description", type: "text-single", label: "Description", value });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          label: "Description",
          desc: "A brief description of the room",
          value: room.getDescription() ?? "",
        });
      },
      98,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ value, updateOption }) => {
      const refusal = refuseLong(FIELD, value, max);
      if (!refusal) updateOption("description", FIELD);
      return refusal;
    });
  }
}
