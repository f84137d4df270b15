import { inject, injectable, ModuleApiToken, type ModuleApi } from "chorus-muc";
import { refuseLong } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_roomname";

declare module "chorus-muc/muc" {
  interface Room {
    /** Empty text removes the name. @returns false when it was the name already */
    setName(name: string | undefined): boolean;
  }
}

/**
 * Gives a room a name for humans (XEP-0045 §16.5.3, `muc#roomconfig_roomname`), shown in disco and room lists. Owners may
 * give it one of up to `muc_max_room_name` characters (default 500).
 */
@injectable()
export default class MucName {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const max = this.module.getOptionInteger("muc_max_room_name", 500, 1);
    const names = this.module.roomState<string>("name", { persist: true });
    this.module.roomMethods({
      getName() {
        return names.get(this);
      },
      setName(name) {
        return names.set(this, name || undefined);
      },
    });

    // The engine's identity of a room carries the name as well.
    this.module.hook("muc-disco#info", ({ room, form }) => {
      form.push({ name: FIELD, type: "text-single", label: "Title", value: room.getName() });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          label: "Title",
          desc: "A short name that people recognise the room by",
          value: room.getName(),
        });
      },
      99,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ value, updateOption }) => {
      const refusal = refuseLong(FIELD, value, max);
      if (!refusal) updateOption("name", FIELD);
      return refusal;
    });
  }
}
