import { bare, StanzaError, type BareJid, type FullJid, type OccupantJid, type StanzaEvent } from "chorus-muc";
import type { JoinCondition, PreJoinEvent } from "./muc-events.js";
import { checkStrictNick, checkVisibleNick } from "./nickname.js";
import { Draft, LiveOccupant } from "./occupant.js";
import { publicise, userX, warningCodes } from "./presence.js";
import { isStopped, refuse } from "./refusal.js";
import type { Role } from "./roles.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

/** Key of the items that are {@link JoinCondition}s. */
const JOIN_CONDITION = "muc-join-condition";

/** The engine's own conditions for entering. */
export function hookJoinConditions(service: Service): void {
  const { module } = service;
  // Before anything looks at the nick.
  module.hook("muc-occupant-pre-join", (event) => checkStrictNick(event.room as LiveRoom, event.occupant.nick), 2);
  module.hook(
    "muc-occupant-pre-change",
    (event) => checkStrictNick(event.room as LiveRoom, event.destOccupant.nick),
    2,
  );
  module.hook("muc-occupant-pre-join", (event) => checkVisibleNick(event.room as LiveRoom, event.occupant.nick), 1);
  module.hook(
    "muc-occupant-pre-change",
    (event) => checkVisibleNick(event.room as LiveRoom, event.destOccupant.nick),
    1,
  );
  // After members-only (-5), before the password (-20): who is banned learns nothing about passwords.
  module.hook("muc-occupant-pre-join", checkBan, -10);
  module.addItem(JOIN_CONDITION, checkBan satisfies JoinCondition);
}

/** Who is banned stays out (XEP-0045 §7.2.7). */
function checkBan({ room, bareJid }: PreJoinEvent): StanzaError | undefined {
  if (room.getAffiliation(bareJid) !== "outcast") return undefined;
  return new StanzaError({ type: "auth", condition: "forbidden", by: room.jid });
}

/** What may have changed while a join was parked. */
function checkAgain(room: LiveRoom, event: PreJoinEvent): StanzaError | undefined {
  if (!room.isTracked) return new StanzaError({ type: "cancel", condition: "item-not-found", by: room.host });
  for (const condition of room.service.module.getHostItems<JoinCondition>(JOIN_CONDITION)) {
    const error = condition(event);
    if (error) return error;
  }
  return undefined;
}

/** Somebody enters, with their first session or another one (XEP-0045 §7.2). */
export function enter(room: LiveRoom, event: StanzaEvent, nick: OccupantJid, isNewRoom = false): void {
  const realJid = event.stanza.attrs["from"] as FullJid;
  const bareJid = bare(realJid);
  const present = room.occupancy.byNick(nick);
  const draft = new Draft(bareJid, nick, roleOfEntrant(room, bareJid, nick), realJid, present);
  const payload: PreJoinEvent = {
    room,
    origin: event.origin,
    stanza: event.stanza,
    occupant: draft,
    bareJid,
    isFirstSession: present?.bareJid !== bareJid,
    isNewRoom,
  };
  room.steps.decide(room.service.module.fireEventAsync("muc-occupant-pre-join", payload), (verdict, resumed) => {
    const again = verdict === undefined && resumed ? checkAgain(room, payload) : undefined;
    if (isStopped(payload, again ?? verdict)) giveUp(room, isNewRoom);
    else {
      if (resumed || draft.nick !== nick) draft.role = draft.roleOr(() => roleOfEntrant(room, bareJid, draft.nick));
      letIn(room, event, draft, { askedFor: nick, isNewRoom });
    }
  });
}

/** Role of somebody who enters under a nick: that of the nick, if it is their own already. */
function roleOfEntrant(room: LiveRoom, bareJid: BareJid, nick: OccupantJid): Role {
  const present = room.occupancy.byNick(nick);
  return present?.bareJid === bareJid ? present.role : room.getDefaultRole(room.getAffiliation(bareJid));
}

/** A room whose creator may not enter is not made, persistent or not. */
function giveUp(room: LiveRoom, isNewRoom: boolean): void {
  if (!isNewRoom || !room.isTracked) return;
  room.service.directory.forget(room);
  room.save(true);
}

function letIn(
  room: LiveRoom,
  event: StanzaEvent,
  draft: Draft,
  { askedFor, isNewRoom }: { askedFor: OccupantJid; isNewRoom: boolean },
): void {
  const { stanza, origin } = event;
  const realJid = draft.jid as FullJid;
  const present = room.occupancy.byNick(draft.nick);
  if (present && present.bareJid !== draft.bareJid) {
    refuse(event, new StanzaError({ type: "cancel", condition: "conflict", by: room.jid }));
    return;
  }
  if (draft.role === "none") {
    refuse(event, new StanzaError({ type: "auth", condition: "forbidden", by: room.jid }));
    giveUp(room, isNewRoom);
    return;
  }
  const occupant = present ?? new LiveOccupant(draft.bareJid, draft.nick, draft.role);
  if (occupant.role !== draft.role) room.occupancy.setRole(occupant, draft.role);
  room.occupancy.setSession(occupant, realJid, stanza);
  const codes = [...(isNewRoom ? ["201"] : []), ...warningCodes(room)];
  if (draft.nick !== askedFor) codes.push("210");
  const told = { room, nick: occupant.nick, occupant, stanza, origin };
  const { module } = room.service;
  const self = userX(...codes);
  module.fireEvent("muc-occupant-session-entering", { ...told, jid: realJid, x: self });
  if (!isNewRoom) room.sendOccupantList(realJid, (_nick, other) => other !== occupant);
  publicise(room, occupant, { base: userX(), self }, { session: realJid });
  if (!present) module.fireEvent("muc-occupant-joined", told);
  module.fireEvent("muc-occupant-session-new", { ...told, jid: realJid });
  if (isNewRoom) module.fireEvent("muc-room-created", { room, creator: occupant, stanza, origin });
}
