import { nodeOf, StanzaError, type ModuleApi } from "chorus-muc";
import type { RoomStanzaEvent } from "./muc-events.js";

/**
 * What rooms may be called that somebody creates by entering: `muc_max_room_id` (characters) and `muc_regexp_room_id`,
 * which the local part of the address has to match as a whole. Administrators of the service may call them anything.
 */
export function hookRoomIds(module: ModuleApi): void {
  const max = module.getOptionInteger("muc_max_room_id", Number.MAX_SAFE_INTEGER, 1);
  const pattern = readPattern(module);
  module.defaultPermission("prosody:admin", ":name-room-freely");

  const check = (event: RoomStanzaEvent): StanzaError | undefined => {
    const id = nodeOf(event.room.jid) ?? "";
    const isRight = [...id].length <= max && (pattern?.test(id) ?? true);
    if (isRight || module.may(":name-room-freely", event)) return undefined;
    const text = "Rooms of this name are not allowed";
    return new StanzaError({ type: "cancel", condition: "not-allowed", text, by: module.host });
  };
  // Before anything is done for the room (lock 10, defaults 1).
  module.hook("muc-room-pre-create", check, 20);
}

function readPattern(module: ModuleApi): RegExp | undefined {
  const source = module.getOptionString("muc_regexp_room_id");
  if (source === undefined) return undefined;
  try {
    return new RegExp(`^(?:${source})$`, "u");
  } catch (error) {
    module.log("error", "muc_regexp_room_id: not a regular expression, so that any name goes: %s", error);
    return undefined;
  }
}
