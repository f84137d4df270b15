import {
  bare,
  getChild,
  resourceOf,
  StanzaError,
  xml,
  type Element,
  type FullJid,
  type OccupantJid,
  type StanzaEvent,
} from "chorus-muc";
import type { ChangeCondition, PreChangeEvent } from "./muc-events.js";
import { NS_MUC } from "./namespaces.js";
import { Draft, LiveOccupant } from "./occupant.js";
import { itemElement, ownPresence, presenceForRelative, publicise, userX, warningCodes } from "./presence.js";
import { isStopped, refuse } from "./refusal.js";
import type { Role } from "./roles.js";
import type { LiveRoom } from "./room.js";

/** Key of the items that are {@link ChangeCondition}s. */
const CHANGE_CONDITION = "muc-change-condition";

/** Presence of somebody who is in the room: another status, another nick (XEP-0045 §7.6, §7.7), or everything again. */
export function changePresence(room: LiveRoom, event: StanzaEvent, occupant: LiveOccupant, nick: OccupantJid): void {
  const realJid = event.stanza.attrs["from"] as FullJid;
  const draft = new Draft(occupant.bareJid, nick, occupant.role, realJid, room.occupancy.byNick(nick));
  const payload: PreChangeEvent = {
    room,
    origin: event.origin,
    stanza: event.stanza,
    origOccupant: occupant,
    destOccupant: draft,
    bareJid: occupant.bareJid,
    isFirstSession: nick === occupant.nick ? undefined : draft.existing === undefined,
    isLastSession: occupant.targets.length === 1,
  };
  room.steps.decide(room.service.module.fireEventAsync("muc-occupant-pre-change", payload), (verdict, resumed) => {
    const again = verdict === undefined && resumed ? checkAgain(payload) : undefined;
    if (isStopped(payload, again ?? verdict)) return;
    draft.role = draft.roleOr(() => occupant.role);
    if (room.occupancy.byRealJid(realJid) !== occupant) {
      // Removed, or moved to another nick, while an asynchronous handler thought about it.
      refuse(event, new StanzaError({ type: "cancel", condition: "item-not-found", by: room.jid }));
      return;
    }
    const codes = arrivalCodes(room, event, draft.nick !== nick);
    if (draft.nick === occupant.nick) updateStatus(room, event, occupant, draft, codes);
    else changeNick(room, event, occupant, draft, codes);
  });
}

/** What may have changed while a change was parked. */
function checkAgain(event: PreChangeEvent): StanzaError | undefined {
  for (const condition of (event.room as LiveRoom).service.module.getHostItems<ChangeCondition>(CHANGE_CONDITION)) {
    const error = condition(event);
    if (error) return error;
  }
  return undefined;
}

/** The session asks for everything, as if it had just entered. */
function isRejoin(event: StanzaEvent): boolean {
  return getChild(event.stanza, "x", NS_MUC) !== undefined;
}

/** What the session is told with its own presence: as on entering, and that its nick is another than it asked for. */
function arrivalCodes(room: LiveRoom, event: StanzaEvent, isRewritten: boolean): readonly string[] {
  const codes = isRejoin(event) ? warningCodes(room) : [];
  return isRewritten ? [...codes, "210"] : codes;
}

/** What the session is told of itself with; who asks for everything again is met as on entering. */
function arrivalX(room: LiveRoom, event: StanzaEvent, occupant: LiveOccupant, codes: readonly string[]): Element {
  const x = userX(...codes);
  if (!isRejoin(event)) return x;
  const { stanza, origin } = event;
  const jid = stanza.attrs["from"] as FullJid;
  const told = { room, nick: occupant.nick, occupant, stanza, origin, jid, x };
  room.service.module.fireEvent("muc-occupant-session-entering", told);
  return x;
}

/** Tells everybody, and the session itself. */
function publiciseArrival(
  room: LiveRoom,
  occupant: LiveOccupant,
  session: FullJid,
  self: Element,
  prevRole?: Role,
): void {
  publicise(room, occupant, { base: userX(), self }, { session, prevRole });
}

function updateStatus(
  room: LiveRoom,
  event: StanzaEvent,
  occupant: LiveOccupant,
  draft: Draft,
  codes: readonly string[],
): void {
  const realJid = draft.jid as FullJid;
  const prevRole = occupant.role;
  room.occupancy.setSession(occupant, realJid, event.stanza);
  if (draft.role !== prevRole) room.occupancy.setRole(occupant, draft.role);
  const x = arrivalX(room, event, occupant, codes);
  if (isRejoin(event)) room.sendOccupantList(realJid, (_nick, other) => other !== occupant);
  publiciseArrival(room, occupant, realJid, x, prevRole);
  if (isRejoin(event)) sessionNew(room, event, occupant);
}

function sessionNew(room: LiveRoom, event: StanzaEvent, occupant: LiveOccupant): void {
  const { stanza, origin } = event;
  const jid = stanza.attrs["from"] as FullJid;
  const told = { room, nick: occupant.nick, occupant, stanza, origin, jid };
  room.service.module.fireEvent("muc-occupant-session-new", told);
}

function changeNick(
  room: LiveRoom,
  event: StanzaEvent,
  occupant: LiveOccupant,
  draft: Draft,
  codes: readonly string[],
): void {
  const realJid = draft.jid as FullJid;
  const target = room.occupancy.byNick(draft.nick);
  if (target && target.bareJid !== bare(realJid)) {
    refuse(event, new StanzaError({ type: "cancel", condition: "conflict", by: room.jid }));
    return;
  }
  const isLast = occupant.targets.length === 1;
  const x = arrivalX(room, event, occupant, codes);
  if (target) merge(room, event, occupant, target, x);
  else if (isLast) rename(room, event, occupant, draft, x);
  else split(room, event, occupant, draft, x);
  if (!isRejoin(event)) return;
  const now = room.occupancy.byRealJid(realJid) as LiveOccupant;
  room.sendOccupantList(realJid, (_nick, other) => other !== now);
  sessionNew(room, event, now);
}

/** The whole occupant takes another nick. The room is at no time without it. */
function rename(room: LiveRoom, event: StanzaEvent, occupant: LiveOccupant, draft: Draft, x: Element): void {
  const { stanza, origin } = event;
  const before = occupant.nick;
  const prevRole = occupant.role;
  publicise(room, occupant, userX("303"), { nick: resourceOf(draft.nick), isDeparture: true, prevRole });
  room.occupancy.rename(occupant, draft.nick);
  room.occupancy.setSession(occupant, draft.jid as FullJid, stanza);
  if (draft.role !== prevRole) room.occupancy.setRole(occupant, draft.role);
  room.service.module.fireEvent("muc-occupant-left", { room, nick: before, occupant, stanza, origin });
  publiciseArrival(room, occupant, draft.jid as FullJid, x, prevRole);
}

/** Tells a session that it has another nick now, while the old one stays with its other sessions. */
function tellNickChange(room: LiveRoom, occupant: LiveOccupant, realJid: FullJid, nick: OccupantJid): void {
  const affiliation = room.getAffiliation(occupant.bareJid);
  const x = userX();
  // One item, its own: clients are confused by those of the other sessions.
  x.append(itemElement({ affiliation, role: occupant.role, jid: realJid, nick: resourceOf(nick) }));
  for (const code of ["303", "110"]) x.append(xml("status", { code }));
  const presence = xml("presence", { from: occupant.nick, to: realJid, type: "unavailable" });
  room.routeStanza(ownPresence(room, occupant, presence, { x, nick: resourceOf(nick) }));
}

/** One session of several takes a nick of its own. */
function split(room: LiveRoom, event: StanzaEvent, occupant: LiveOccupant, draft: Draft, x: Element): void {
  const realJid = draft.jid as FullJid;
  const session = occupant.getSession(realJid);
  tellNickChange(room, occupant, realJid, draft.nick);
  room.occupancy.removeSession(occupant, realJid);
  publicise(room, occupant, userX());
  const own = new LiveOccupant(occupant.bareJid, draft.nick, draft.role);
  room.occupancy.setSession(own, realJid, event.stanza);
  publiciseArrival(room, own, realJid, x);
  if (session) room.service.module.deliver(presenceForRelative(room, occupant), [session]);
}

/** A session takes a nick that another session of the same user has. */
function merge(room: LiveRoom, event: StanzaEvent, occupant: LiveOccupant, target: LiveOccupant, x: Element): void {
  const { stanza, origin } = event;
  const realJid = stanza.attrs["from"] as FullJid;
  const session = occupant.getSession(realJid);
  const isLast = occupant.targets.length === 1;
  tellMerge(room, target, realJid);
  tellNickChange(room, occupant, realJid, target.nick);
  const prevRole = occupant.role;
  if (isLast) {
    room.occupancy.remove(occupant);
    publicise(room, occupant, userX(), { prevRole, othersOnly: true });
    room.service.module.fireEvent("muc-occupant-left", { room, nick: occupant.nick, occupant, stanza, origin });
  } else {
    room.occupancy.removeSession(occupant, realJid);
    publicise(room, occupant, userX());
  }
  room.occupancy.setSession(target, realJid, stanza);
  publiciseArrival(room, target, realJid, x);
  if (!isLast && session) room.service.module.deliver(presenceForRelative(room, occupant), [session]);
}

/** The client has seen the nick as somebody else; it leaves, to come again as the client itself. */
function tellMerge(room: LiveRoom, target: LiveOccupant, realJid: FullJid): void {
  const affiliation = room.getAffiliation(target.bareJid);
  const text = `you are joining pre-existing session ${resourceOf(target.nick) ?? ""}`;
  const x = userX();
  x.append(itemElement({ affiliation, role: "none" }));
  const presence = xml("presence", { from: target.nick, to: realJid, type: "unavailable" }, xml("status", {}, text));
  room.routeStanza(ownPresence(room, target, presence, { x }));
}
