import { inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";

const FIELD = "muc#roomconfig_persistentroom";
const PERMISSION = "muc:create-persistent-room";

declare module "chorus-muc/muc" {
  interface Room {
    /** @returns false when it was so already */
    setPersistent(isPersistent: boolean): boolean;
  }
}

/**
 * Lets a room live on when it is empty, and over a restart (XEP-0045 §4.2, Persistent Room).
 *
 * Only an owner with the permission `muc:create-persistent-room` sees the field; by default registered users of the
 * server that the rooms belong to, with `muc_room_allow_persistent = false` admins of the service only. New rooms:
 * `muc_room_default_persistent` (default false), whoever makes them.
 */
@injectable()
export default class MucPersistent {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const isDefault = this.module.getOptionBoolean("muc_room_default_persistent", false);
    const isForAll = this.module.getOptionBoolean("muc_room_allow_persistent", true);
    this.module.defaultPermission(isForAll ? "prosody:registered" : "prosody:admin", PERMISSION);

    const persistent = this.module.roomState<boolean>("persistent", { persist: true, default: false });
    this.module.roomMethods({
      getPersistent() {
        return persistent.get(this);
      },
      setPersistent(isPersistent) {
        const changed = persistent.set(this, isPersistent);
        // Off: what is stored of it has to go, which only a forced save does.
        if (changed) this.save(true);
        return changed;
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      if (isDefault) room.setPersistent(true);
    });

    this.module.hook("muc-disco#info", ({ room, query }) => {
      query.append(xml("feature", { var: room.getPersistent() ? "muc_persistent" : "muc_temporary" }));
    });

    this.module.hook(
      "muc-config-form",
      ({ room, actor, form }) => {
        if (!this.module.may(PERMISSION, actor)) return;
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Persistent (room should remain even when it is empty)",
          desc: "Rooms that are not persistent are deleted when the last occupant leaves",
          value: room.getPersistent() || undefined,
        });
      },
      95,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("persistent", FIELD);
    });
  }
}
