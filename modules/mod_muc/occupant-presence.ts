import { getChild, StanzaError, xml, type Element, type FullJid, type OccupantJid, type StanzaEvent } from "chorus-muc";
import { changePresence } from "./change.js";
import { enter } from "./join.js";
import { kickForError } from "./kick.js";
import { leave } from "./leave.js";
import { NS_MUC } from "./namespaces.js";
import { itemElement, userX } from "./presence.js";
import { answerProbe } from "./probe.js";
import { NOT_CONNECTED, refuse } from "./refusal.js";
import type { LiveRoom } from "./room.js";

/** Types of presence that are none of XEP-0045's and mean no harm: some servers forward those of XEP-0018. */
const IGNORED: ReadonlySet<unknown> = new Set(["visible", "invisible", "result"]);

/** Presence to a room that exists: to a nick, or (from an occupant) to the bare room. */
export function handlePresence(room: LiveRoom, event: StanzaEvent): void {
  const { stanza } = event;
  const realJid = stanza.attrs["from"] as FullJid;
  const occupant = room.occupancy.byRealJid(realJid);
  const type = stanza.attrs["type"] as string | undefined;
  const to = stanza.attrs["to"] as string;
  // Some clients send updates to the room instead of their nick.
  const nick = to === room.jid ? occupant?.nick : (to as OccupantJid);
  if (type === "error") kickForError(room, event);
  else if (type === "unavailable") {
    if (occupant) leave(room, event, occupant);
  } else if (nick === undefined) refuse(event, withoutNick(room, stanza));
  else if (type === "probe") answerProbe(room, event.origin, stanza, occupant);
  else if (type !== undefined) {
    if (!IGNORED.has(type)) refuse(event, new StanzaError({ type: "modify", condition: "bad-request", by: room.jid }));
  } else if (occupant) changePresence(room, event, occupant, nick);
  else if (getChild(stanza, "x", NS_MUC)) enter(room, event, nick);
  else tellStranger(room, event, nick);
}

/**
 * No entering without the element: the client believes that it is in the room, and must learn that it is not. The error
 * is Prosody's; XEP-0045 §7.2.18 recommends an explicit kick. Clients enter again on either.
 */
function tellStranger(room: LiveRoom, event: StanzaEvent, nick: OccupantJid): void {
  const realJid = event.stanza.attrs["from"] as FullJid;
  if (!room.service.options.explicitKick) {
    const error = { type: "cancel", condition: "item-not-found", text: NOT_CONNECTED, by: room.jid } as const;
    refuse(event, new StanzaError(error));
    return;
  }
  const x = userX("110", "307", "333");
  x.append(itemElement({ affiliation: room.getAffiliation(realJid), role: "none" }, { reason: NOT_CONNECTED }));
  event.origin.send(xml("presence", { from: nick, to: realJid, type: "unavailable" }, x));
}

/** Presence to the room itself by somebody who is not in it. One that asks to enter lacks a nick (XEP-0045 §7.2.1). */
function withoutNick(room: LiveRoom, stanza: Element): StanzaError {
  if (stanza.attrs["type"] !== undefined || !getChild(stanza, "x", NS_MUC)) {
    return new StanzaError({ type: "cancel", condition: "service-unavailable" });
  }
  return new StanzaError({ type: "modify", condition: "jid-malformed", by: room.jid });
}
