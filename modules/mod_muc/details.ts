import { bare } from "chorus-muc";
import { isAtLeast } from "./affiliations.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

const PERMISSION = ":see-room-details";

/** See `Room.showsDetailsTo`. */
export function showsDetails(room: LiveRoom, jid: string | undefined): boolean {
  return room.service.module.fireEvent("muc-may-see-details", { room, jid }) !== false;
}

/** Those who belong to a room see its details, whatever kind of room it is. */
export function hookDetails({ module }: Service): void {
  module.defaultPermission("prosody:admin", PERMISSION);
  // Before the modules that keep details from everybody else (0).
  module.hook(
    "muc-may-see-details",
    ({ room, jid }) => {
      if (jid === undefined) return undefined;
      return belongsTo(room as LiveRoom, jid) || module.may(PERMISSION, jid) ? true : undefined;
    },
    10,
  );
}

function belongsTo(room: LiveRoom, jid: string): boolean {
  if (isAtLeast(room.getAffiliation(jid), "member")) return true;
  return room.occupancy.list().some(({ bareJid }) => bareJid === bare(jid));
}
