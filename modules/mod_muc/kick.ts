import { parseError, xml, type ErrorCondition, type FullJid, type StanzaEvent } from "chorus-muc";
import { takeOut, takeOutSession } from "./leave.js";
import type { LiveRoom } from "./room.js";

/** Conditions of an error message that mean the session cannot be reached, and not just that a message was unwelcome. */
const GONE: ReadonlySet<ErrorCondition> = new Set([
  "gone",
  "internal-server-error",
  "item-not-found",
  "jid-malformed",
  "recipient-unavailable",
  "redirect",
  "remote-server-not-found",
  "remote-server-timeout",
  "service-unavailable",
]);

/** Whether a message of type `error` says that its sender cannot be reached; one without `<error/>` does. */
export function isKickable(event: StanzaEvent): boolean {
  const error = parseError(event.stanza);
  return error === undefined || GONE.has(error.condition);
}

/** Takes out a session that what it was sent bounced from (XEP-0045 §11.1, §18.1.2). Of nobody in the room: nothing happens. */
export function kickForError(room: LiveRoom, event: StanzaEvent): void {
  const realJid = event.stanza.attrs["from"] as FullJid;
  const error = parseError(event.stanza);
  const condition = error ? error.condition.replaceAll("-", " ") : "presence error";
  const text = error?.text !== undefined && room.getWhois() === "anyone" ? `: ${error.text}` : "";
  removeSession(room, realJid, { codes: ["333"], status: `Kicked: ${condition}${text}` });
}

/** Takes out one session; the occupant goes with its last one, with status codes. */
export function removeSession(
  room: LiveRoom,
  realJid: FullJid,
  { codes, status }: { codes: readonly string[]; status?: string },
): void {
  const occupant = room.occupancy.byRealJid(realJid);
  if (!occupant) return;
  if (occupant.targets.length > 1) {
    takeOutSession(room, occupant, realJid, { codes, status });
    return;
  }
  const gone = xml("presence", { type: "unavailable" });
  if (status !== undefined) gone.append(xml("status", {}, status));
  room.occupancy.setSession(occupant, realJid, gone);
  takeOut(room, occupant, { codes });
}
