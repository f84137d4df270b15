import { inject, injectable, ModuleApiToken, StanzaError, type ModuleApi } from "chorus-muc";
import type { ChangeCondition } from "chorus-muc/muc";

/** ejabberd's name, which clients know. */
const FIELD = "muc#roomconfig_allowvisitornickchange";

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether visitors may change their nick. */
    getAllowVisitorNickChange(): boolean;
    /** @returns false when it was so already */
    setAllowVisitorNickChange(isAllowed: boolean): boolean;
  }
}

/**
 * Lets owners hold visitors to the nick that they entered under (XEP-0045 §7.6), so that who may not speak cannot make
 * themselves heard by nicks either. Who leaves may enter under another.
 *
 * New rooms: `muc_room_default_allow_visitor_nick_change` (default true).
 */
@injectable()
export default class MucVisitorNicks {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const byDefault = this.module.getOptionBoolean("muc_room_default_allow_visitor_nick_change", true);
    const isLocked = this.module.roomState<boolean>("lock_visitor_nicks", { persist: true, default: false });
    this.module.roomMethods({
      getAllowVisitorNickChange() {
        return !isLocked.get(this);
      },
      setAllowVisitorNickChange(isAllowed) {
        return isLocked.set(this, !isAllowed);
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setAllowVisitorNickChange(byDefault);
    });

    // Below who sees addresses (76), the last of the permissions.
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Allow visitors to change nickname",
          value: room.getAllowVisitorNickChange(),
        });
      },
      75,
    );
    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("allowVisitorNickChange", FIELD);
    });

    const mayChange: ChangeCondition = ({ room, origOccupant, destOccupant }) => {
      if (destOccupant.nick === origOccupant.nick || origOccupant.role !== "visitor") return undefined;
      if (room.getAllowVisitorNickChange()) return undefined;
      const text = "Visitors are not allowed to change their nicknames in this room";
      return new StanzaError({ type: "cancel", condition: "not-acceptable", text, by: room.jid });
    };
    this.module.hook("muc-occupant-pre-change", mayChange);
    this.module.addItem("muc-change-condition", mayChange);
  }
}
