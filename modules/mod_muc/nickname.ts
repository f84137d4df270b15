import { resourceOf, resourceprep, StanzaError, type OccupantJid } from "chorus-muc";
import type { LiveRoom } from "./room.js";

/** A nick is taken as it stands only if nothing in it is unassigned or prohibited (XEP-0045 §7.2.1). */
export function checkStrictNick(room: LiveRoom, nick: OccupantJid): StanzaError | undefined {
  if (resourceprep(resourceOf(nick) ?? "", { strict: true }) !== undefined) return undefined;
  const text = "Nickname must pass strict validation";
  return new StanzaError({ type: "modify", condition: "jid-malformed", text, by: room.jid });
}

/** A nick shows something. */
export function checkVisibleNick(room: LiveRoom, nick: OccupantJid): StanzaError | undefined {
  if (/\S/u.test(resourceOf(nick) ?? "")) return undefined;
  const text = "Invisible Nicknames are forbidden";
  return new StanzaError({ type: "modify", condition: "not-allowed", text, by: room.jid });
}
