import { commitAsked, showOthersAgain, type AskedChange } from "./affiliation-change.js";
import { isAtLeast } from "./affiliations.js";
import { takeOut } from "./leave.js";
import type { SetRoleEvent } from "./muc-events.js";
import type { LiveOccupant } from "./occupant.js";
import type { Occupant } from "./occupant-api.js";
import { outcomeOf } from "./outcome.js";
import { publicise, userX } from "./presence.js";
import { DONE, mayChangeRole, refused } from "./privileges.js";
import type { Actor, Outcome } from "./room-api.js";
import { parseRole, type Role } from "./roles.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

function checkPrivileges(room: LiveRoom, { actor, occupant, role }: SetRoleEvent): Outcome {
  const own = room.occupancy.byRealJid(actor);
  return mayChangeRole({
    actorAffiliation: room.getAffiliation(actor),
    actorRole: own?.role ?? "none",
    affiliation: room.getAffiliation(occupant.bareJid),
    from: occupant.role,
    to: role,
    isSelf: own?.nick === occupant.nick,
  });
}

function verdictOf(room: LiveRoom, event: SetRoleEvent, answer: unknown): Outcome {
  const asked = outcomeOf(event, answer);
  return asked[0] && event.allowed !== true ? checkPrivileges(room, event) : asked;
}

/** See `Room.maySetRole`. */
export function mayChangeRoleOf(room: LiveRoom, actor: string, occupant: Occupant, role: Role): Outcome {
  const event: SetRoleEvent = { room, actor, occupant, role };
  return verdictOf(room, event, room.service.module.fireEvent("muc-pre-set-role", event));
}

function targetOf(room: LiveRoom, actor: Actor, occupantJid: string, role: Role): LiveOccupant | Outcome {
  if (!actor || parseRole(role) === undefined) return refused("modify", "not-acceptable");
  const target = room.occupancy.byNick(occupantJid);
  if (target) return target;
  // Who may not change roles does not learn either who is there.
  const isModerator = actor === true || room.occupancy.byRealJid(actor)?.role === "moderator";
  return isModerator ? refused("modify", "item-not-found") : refused("auth", "forbidden");
}

/** See `Room.setRole`. Within a step. */
export function changeRole(room: LiveRoom, actor: Actor, occupantJid: string, role: Role, reason?: string): Outcome {
  const target = targetOf(room, actor, occupantJid, role);
  if (isOutcome(target)) return target;
  const allowed = actor === true ? DONE : mayChangeRoleOf(room, actor, target, role);
  return allowed[0] ? commitRole(room, actor, target, role, reason) : allowed;
}

/** Asks about a change of role. */
export function askRole(
  room: LiveRoom,
  actor: Actor,
  occupantJid: string,
  role: Role,
  reason?: string,
): AskedChange | Promise<AskedChange> {
  const target = targetOf(room, actor, occupantJid, role);
  if (isOutcome(target)) return { outcome: target, commit: () => target };
  if (actor === true) return { outcome: DONE, commit: () => commitRole(room, actor, target, role, reason) };
  const event: SetRoleEvent = { room, actor, occupant: target, role };
  const asked = (answer: unknown): AskedChange => ({
    outcome: verdictOf(room, event, answer),
    commit: () => {
      // What was allowed before an asynchronous handler may not be after it.
      if (room.occupancy.byNick(target.nick) !== target) return refused("modify", "item-not-found");
      const again = verdictOf(room, event, answer);
      return again[0] ? commitRole(room, actor, target, role, reason) : again;
    },
  });
  const answer = room.service.module.fireEventAsync("muc-pre-set-role", event);
  return answer instanceof Promise ? answer.then(asked) : asked(answer);
}

/** See `Room.setRoleAsync`. */
export function changeRoleAsync(
  room: LiveRoom,
  actor: Actor,
  occupantJid: string,
  role: Role,
  reason?: string,
): Outcome | Promise<Outcome> {
  return commitAsked(room, askRole(room, actor, occupantJid, role, reason));
}

/** The half that changes things and tells the room; it was allowed. */
function commitRole(room: LiveRoom, actor: Actor, target: LiveOccupant, role: Role, reason?: string): Outcome {
  const by = actor === true ? undefined : actor;
  const prevRole = target.role;
  if (role === "none") takeOut(room, target, { codes: ["307"], actor: by, reason });
  else {
    room.occupancy.setRole(target, role);
    publicise(room, target, userX(), { actor: by, reason, prevRole });
    showOthersAgain(room, target, prevRole);
  }
  const told = { room, actor: by, occupant: target, role, previousRole: prevRole, reason };
  room.service.module.fireEvent("muc-set-role", told);
  return DONE;
}

function isOutcome(target: LiveOccupant | Outcome): target is Outcome {
  return Array.isArray(target);
}

/** The role that somebody enters with, as far as no module decides it (XEP-0045 §5.1.2). */
export function hookRoles(service: Service): void {
  service.module.hook(
    "muc-get-default-role",
    ({ affiliation }) => {
      if (affiliation === "outcast") return false;
      return isAtLeast(affiliation, "admin") ? "moderator" : "participant";
    },
    -1,
  );
}
