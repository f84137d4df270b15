import { resourceOf, StanzaError, xml, type Element, type Origin } from "chorus-muc";
import type { LiveOccupant } from "./occupant.js";
import { absence } from "./occupant-list.js";
import { publicise, userX } from "./presence.js";
import { NOT_CONNECTED, refuse } from "./refusal.js";
import type { LiveRoom } from "./room.js";

/** Tells an occupant how another one is (XEP-0045 §17.3): as they see it, or as absent if the nick is registered. */
export function answerProbe(room: LiveRoom, origin: Origin, stanza: Element, prober: LiveOccupant | undefined): void {
  if (!prober) {
    const error = { type: "cancel", condition: "not-acceptable", text: NOT_CONNECTED, by: room.jid } as const;
    refuse({ origin, stanza }, new StanzaError(error));
    return;
  }
  // A probe of the room itself is one of oneself, as all presence to it is.
  const probed = stanza.attrs["to"] === room.jid ? prober.nick : String(stanza.attrs["to"]);
  const occupant = room.occupancy.byNick(probed);
  if (occupant) {
    publicise(room, occupant, userX(), { recipient: prober });
    return;
  }
  const absent = absentPresence(room, probed, String(stanza.attrs["from"]));
  if (absent) room.routeStanza(absent);
}

/** Unavailable presence of a registered nick. */
export function absentPresence(room: LiveRoom, occupantJid: string, to: string): Element | undefined {
  const nick = resourceOf(occupantJid);
  const bareJid = nick === undefined ? undefined : room.getRegisteredJid(nick);
  if (bareJid === undefined) return undefined;
  const form = room.isAnonymousFor(to) ? "anonymous" : "full";
  const presence = xml("presence", { to, from: occupantJid, type: "unavailable" });
  return absence(room, { jid: bareJid, affiliation: room.getAffiliation(bareJid), nick, form }, presence);
}
