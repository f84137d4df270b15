import { StanzaError } from "chorus-muc";
import { affiliationRank, type Room } from "chorus-muc/muc";

/** Conditions of rooms that are modules of their own, which may be left out. */
export interface AccessOptions {
  readonly hasPasswords: boolean;
  readonly hasLocks: boolean;
}

/**
 * Why somebody may not read a room's archive, if so: who is in the room may, and who could enter it (XEP-0313 §6.1.2).
 *
 * Nobody shows a password here, so that of a room with one is open to members only. A room that its owner has not
 * opened yet is not there for others, as on entering (XEP-0045 §10.1.1).
 */
export function readingError(room: Room, realJid: string, options: AccessOptions): StanzaError | undefined {
  if (room.getOccupantByRealJid(realJid)) return undefined;
  const affiliation = room.getAffiliation(realJid);
  if (options.hasLocks && room.isLocked() && affiliation !== "owner" && affiliation !== "outcast") {
    return new StanzaError({ type: "cancel", condition: "item-not-found" });
  }
  const isMember = affiliationRank(affiliation) >= affiliationRank("member");
  const isProtected = options.hasPasswords && room.getPassword() !== undefined;
  // Role `none`: outcasts, and outsiders of a members-only room.
  const mayEnter = room.getDefaultRole(affiliation) !== "none" && (isMember || !isProtected);
  return mayEnter ? undefined : new StanzaError({ type: "auth", condition: "forbidden" });
}
