import { randomUUID } from "node:crypto";
import { formatDateTime, xml, type Element } from "chorus-muc";
import { NS_OCCUPANT_ID, type Room } from "chorus-muc/muc";
import { NS_FASTEN, NS_MODERATE, NS_MODERATE_0, NS_RETRACT, NS_RETRACT_0 } from "./namespaces.js";

/** Who moderates, and why. */
export interface Verdict {
  /** Occupant JID, of who is in the room. */
  readonly by: string | undefined;
  readonly occupantId: string;
  readonly reason: string | undefined;
}

function moderated(xmlns: string, { by, occupantId }: Verdict, ...more: readonly Element[]): Element {
  return xml("moderated", { xmlns, by }, xml("occupant-id", { xmlns: NS_OCCUPANT_ID, id: occupantId }), ...more);
}

function reasons({ reason }: Verdict): Element[] {
  return reason === undefined ? [] : [xml("reason", {}, reason)];
}

/** What the room says to everybody (XEP-0425 §3.1), as clients of either version read it. */
export function announcement(room: Room, id: string, verdict: Verdict): Element {
  const retract = xml("retract", { xmlns: NS_RETRACT, id }, moderated(NS_MODERATE, verdict), ...reasons(verdict));
  // COMPAT clients of XEP-0425 before 0.3.0, slixmpp 1.8 for one.
  const before = moderated(NS_MODERATE_0, verdict, xml("retract", { xmlns: NS_RETRACT_0 }), ...reasons(verdict));
  const applyTo = xml("apply-to", { xmlns: NS_FASTEN, id }, before);
  return xml("message", { from: room.jid, type: "groupchat", id: randomUUID() }, retract, applyTo);
}

/** What the tombstone's `<retracted/>` says beside when it was (XEP-0425 §4). */
export function tombstoneDetails(verdict: Verdict): Element[] {
  return [moderated(NS_MODERATE, verdict), ...reasons(verdict)];
}

/** The same for clients of before. @param seconds unix time */
export function tombstoneMarks(verdict: Verdict, seconds: number): Element[] {
  const retracted = xml("retracted", { xmlns: NS_RETRACT_0, stamp: formatDateTime(seconds) });
  return [moderated(NS_MODERATE_0, verdict, retracted, ...reasons(verdict))];
}
