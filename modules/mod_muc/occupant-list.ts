import { bare, xml, type BareJid, type Element, type FullJid, type OccupantJid } from "chorus-muc";
import type { Affiliation } from "./affiliations.js";
import type { BuildPresenceEvent } from "./muc-events.js";
import { NS_MUC_USER } from "./namespaces.js";
import type { Occupant } from "./occupant-api.js";
import { OccupantSession } from "./occupant.js";
import { itemElement, presenceForm, presenceForRelative } from "./presence.js";
import type { LiveRoom } from "./room.js";

/**
 * Sends the presence of the occupants to a session: one splice for each, of text that is kept. Where the role `none`
 * is shown, those affiliated who are absent follow as unavailable.
 */
export function sendOccupantList(
  room: LiveRoom,
  to: FullJid,
  filter: (nick: OccupantJid | BareJid, occupant: Occupant | undefined) => boolean = () => true,
): void {
  const { module } = room.service;
  const recipients = [room.occupancy.byRealJid(to)?.getSession(to) ?? new OccupantSession(to, xml("presence"))];
  const toBare = bare(to);
  const shown = room.getPresenceBroadcast();
  const form = room.isAnonymousFor(to) ? "anonymous" : "full";
  const present = new Set<BareJid>();
  for (const occupant of room.occupancy.list()) {
    present.add(occupant.bareJid);
    const isRelative = occupant.bareJid === toBare;
    if (!filter(occupant.nick, occupant) || !(isRelative || shown.has(occupant.role))) continue;
    const template =
      isRelative && form === "anonymous" ? presenceForRelative(room, occupant) : presenceForm(room, occupant, form);
    module.deliver(template, recipients);
  }
  if (!shown.has("none")) return;
  for (const [jid, affiliation, data] of room.eachAffiliation()) {
    const nick = data?.reserved_nickname;
    const isNameless = nick === undefined && form === "anonymous";
    if (isNameless || affiliation === "outcast" || present.has(jid) || !filter(jid, undefined)) continue;
    const from = nick === undefined ? room.jid : `${room.jid}/${nick}`;
    module.send(absence(room, { jid, affiliation, nick, form }, xml("presence", { to, from, type: "unavailable" })));
  }
}

/** Somebody who is not in the room, whether anybody registered their nick or not. */
interface Absent {
  readonly jid: BareJid;
  readonly affiliation: Affiliation;
  readonly nick: string | undefined;
  readonly form: "anonymous" | "full";
}

/** Unavailable presence of somebody who is affiliated, with what modules say of them. */
export function absence(room: LiveRoom, { jid, affiliation, nick, form }: Absent, presence: Element): Element {
  const x = xml("x", { xmlns: NS_MUC_USER });
  x.append(itemElement({ affiliation, role: "none", nick, jid: form === "full" ? jid : undefined }));
  const event: BuildPresenceEvent = { room, stanza: presence, x, form, nick, bareJid: jid };
  room.service.module.fireEvent("muc-build-occupant-presence", event);
  // After what modules add, as with everybody's presence.
  event.stanza.append(x);
  return event.stanza;
}
