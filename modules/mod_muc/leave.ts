import { xml, type FullJid, type StanzaEvent } from "chorus-muc";
import type { PreLeaveEvent } from "./muc-events.js";
import type { LiveOccupant } from "./occupant.js";
import { itemElement, publicise, userX } from "./presence.js";
import { isStopped } from "./refusal.js";
import type { LiveRoom } from "./room.js";

/** A session leaves (XEP-0045 §7.14). */
export function leave(room: LiveRoom, event: StanzaEvent, occupant: LiveOccupant): void {
  const { stanza, origin } = event;
  const realJid = stanza.attrs["from"] as FullJid;
  const isLastSession = occupant.targets.length === 1;
  const payload: PreLeaveEvent = { room, origin, stanza, occupant, isLastSession };
  room.steps.decide(room.service.module.fireEventAsync("muc-occupant-pre-leave", payload), (verdict) => {
    if (isStopped(payload, verdict) || room.occupancy.byRealJid(realJid) !== occupant) return;
    if (occupant.targets.length > 1) takeOutSession(room, occupant, realJid);
    else {
      room.occupancy.setSession(occupant, realJid, stanza);
      takeOut(room, occupant, { codes: [], cause: event });
    }
  });
}

/** Why an occupant is taken out of a room. */
export interface Removal {
  readonly codes: readonly string[];
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
  /** The occupant's own stanza that caused it. */
  readonly cause?: StanzaEvent;
}

/** Takes an occupant out, with everybody told and `muc-occupant-left` fired. */
export function takeOut(room: LiveRoom, occupant: LiveOccupant, { codes, actor, reason, cause }: Removal): void {
  const prevRole = occupant.role;
  room.occupancy.remove(occupant);
  publicise(room, occupant, userX(...codes), { prevRole, actor, reason });
  tellLeft(room, occupant, cause);
}

/** Fires `muc-occupant-left`; the step ends with a look at whether the room is empty. */
export function tellLeft(room: LiveRoom, occupant: LiveOccupant, cause?: StanzaEvent): void {
  room.mayBeEmpty = true;
  const own = cause && { stanza: cause.stanza, origin: cause.origin };
  room.service.module.fireEvent("muc-occupant-left", { room, nick: occupant.nick, occupant, ...own });
}

/** One of several sessions goes, the others stay: what they are seen by may change, and the one that goes is told alone. */
export function takeOutSession(
  room: LiveRoom,
  occupant: LiveOccupant,
  realJid: FullJid,
  { codes, status }: { readonly codes: readonly string[]; readonly status?: string | undefined } = { codes: [] },
): void {
  room.occupancy.removeSession(occupant, realJid);
  publicise(room, occupant, userX());
  const x = userX(...codes);
  x.append(itemElement({ affiliation: room.getAffiliation(occupant.bareJid), role: "none", jid: realJid }));
  x.append(xml("status", { code: "110" }));
  const gone = xml("presence", { from: occupant.nick, to: realJid, type: "unavailable" });
  if (status !== undefined) gone.append(xml("status", {}, status));
  gone.append(x);
  room.routeStanza(gone);
}
