import { bare, cloneElement, domainOf, StanzaTemplate, xml, type BareJid } from "chorus-muc";
import { affiliationRank, isAtLeast, parseAffiliation, type Affiliation } from "./affiliations.js";
import { tellLeft } from "./leave.js";
import type { Refusable } from "./muc-events.js";
import type { LiveOccupant } from "./occupant.js";
import { divided, itemElement, publicise, userX, type ExtraContent } from "./presence.js";
import { DONE, mayChangeAffiliation, refused } from "./privileges.js";
import { outcomeOf } from "./outcome.js";
import type { Actor, AffiliationData, Outcome } from "./room-api.js";
import { hasRole, roleRank, type Role } from "./roles.js";
import type { LiveRoom } from "./room.js";

/** A change that was asked for. */
export interface AffiliationRequest {
  readonly actor: Actor;
  readonly jid: string;
  readonly affiliation: Affiliation;
  readonly reason: string | undefined;
  readonly data: AffiliationData | false | undefined;
}

/** The payload of the two events. */
interface Change extends Refusable {
  readonly room: LiveRoom;
  readonly actor: string | undefined;
  readonly jid: BareJid;
  readonly affiliation: Affiliation;
  readonly previousAffiliation: Affiliation;
  readonly reason: string | undefined;
  data: AffiliationData | undefined;
  readonly previousData: AffiliationData | undefined;
}

/** The built-in checks, without any effect. */
export function checkAffiliation(room: LiveRoom, { actor, jid, affiliation }: AffiliationRequest): Outcome {
  const target = bare(jid);
  if (!actor || target === "" || parseAffiliation(affiliation) === undefined)
    return refused("modify", "not-acceptable");
  if (isServiceAdmin(room, target)) return refused("modify", "not-acceptable");
  if (actor === true) return DONE;
  // XEP-0045 §9.1: nobody bans themselves.
  const isInCharge = isAtLeast(room.getAffiliation(actor), "admin");
  if (affiliation === "outcast" && bare(actor) === target && isInCharge) return refused("cancel", "conflict");
  const from = room.affiliations.explicit(target);
  return mayChangeAffiliation({
    actor: room.getAffiliation(actor),
    from,
    to: affiliation,
    isSelf: bare(actor) === target,
    isLastOwnerLeaving:
      from === "owner" &&
      affiliation !== "owner" &&
      bare(actor) === target &&
      !room.affiliations.hasOwnerBesides(target),
  });
}

/** With `component_admins_as_room_owners` their affiliation is not the room's to change. */
function isServiceAdmin(room: LiveRoom, jid: BareJid): boolean {
  const { options, module } = room.service;
  return options.adminsAreOwners && module.may(":automatic-ownership", jid);
}

function changeOf(room: LiveRoom, { actor, jid, affiliation, reason, data }: AffiliationRequest): Change {
  const target = bare(jid);
  const stored = room.affiliations.peek(target);
  return {
    room,
    actor: actor === true ? undefined : actor,
    jid: target,
    affiliation,
    previousAffiliation: room.affiliations.explicit(target),
    reason,
    data: data === false ? undefined : data,
    previousData: stored && structuredClone(stored),
  };
}

/** See `Room.setAffiliation`. Within a step. */
export function changeAffiliation(room: LiveRoom, request: AffiliationRequest): Outcome {
  const checked = checkAffiliation(room, request);
  if (!checked[0]) return checked;
  const change = changeOf(room, request);
  const asked = outcomeOf(change, room.service.module.fireEvent("muc-pre-set-affiliation", change));
  return asked[0] ? commitAffiliation(room, request, change) : asked;
}

/** A change that handlers have been asked about. */
export interface AskedChange {
  /** What they, or the built-in checks, made of it. */
  readonly outcome: Outcome;
  /** Makes it so, within a step, unless something has come in its way since. */
  readonly commit: () => Outcome;
}

/** Asks about a change of affiliation. @param before runs once it is allowed, before anything is changed */
export function askAffiliation(
  room: LiveRoom,
  request: AffiliationRequest,
  before: () => void = () => undefined,
): AskedChange | Promise<AskedChange> {
  const checked = checkAffiliation(room, request);
  if (!checked[0]) return { outcome: checked, commit: () => checked };
  const change = changeOf(room, request);
  const asked = (answer: unknown): AskedChange => ({
    outcome: outcomeOf(change, answer),
    commit: () => {
      // What was allowed before an asynchronous handler may not be after it.
      const again = checkAffiliation(room, request);
      if (!again[0]) return again;
      before();
      return commitAffiliation(room, request, change);
    },
  });
  const answer = room.service.module.fireEventAsync("muc-pre-set-affiliation", change);
  return answer instanceof Promise ? answer.then(asked) : asked(answer);
}

/** See `Room.setAffiliationAsync`. */
export function changeAffiliationAsync(room: LiveRoom, request: AffiliationRequest): Outcome | Promise<Outcome> {
  return commitAsked(room, askAffiliation(room, request));
}

/** Makes an allowed change in a step; the promise is fulfilled when that is over, and rejected if it was taken back. */
export function commitAsked(room: LiveRoom, change: AskedChange | Promise<AskedChange>): Outcome | Promise<Outcome> {
  if (change instanceof Promise) return change.then((asked) => commitAsked(room, asked));
  return change.outcome[0] ? room.run(change.commit) : change.outcome;
}

/** The half that changes things and tells the room; everything was allowed. */
function commitAffiliation(room: LiveRoom, request: AffiliationRequest, change: Change): Outcome {
  const { jid, affiliation, actor, reason } = change;
  store(room, request, change);
  // Without an affiliation of their own, their domain's ban counts.
  const effective = room.getAffiliation(jid);
  const role = room.getDefaultRole(effective);
  const isLowered = affiliationRank(affiliation) < affiliationRank(change.previousAffiliation);
  const concerned = room.occupancy.list().filter((occupant) => isConcerned(room, occupant, change));
  const before = new Map<LiveOccupant, Role>();
  for (const occupant of concerned) {
    before.set(occupant, occupant.role);
    const isRaised = roleRank(occupant.role) < roleRank(role);
    if (occupant.role !== role && (isLowered || isRaised)) room.occupancy.setRole(occupant, role);
    room.invalidatePresence(occupant);
  }
  const extra = askForExtra(room, change, before.size > 0);
  const codes = role !== "none" ? [] : [effective === "outcast" ? "301" : "321"];
  for (const [occupant, prevRole] of before) {
    publicise(room, occupant, userX(...codes), { actor, reason, prevRole, extra });
    if (occupant.role === "none") tellLeft(room, occupant);
    else showOthersAgain(room, occupant, prevRole);
  }
  if (before.size === 0) announce(room, { jid, affiliation, reason, codes, extra });
  room.save(true);
  room.service.module.fireEvent("muc-set-affiliation", { ...change, inRoom: before.size > 0 });
  return DONE;
}

/** What modules have to add to what some sessions are told. */
function askForExtra(room: LiveRoom, change: Change, inRoom: boolean): ExtraContent | undefined {
  let extra: ExtraContent | undefined;
  const { jid, affiliation, previousAffiliation } = change;
  room.service.module.fireEvent("muc-broadcast-affiliation", {
    room,
    jid,
    affiliation,
    previousAffiliation,
    inRoom,
    addFor: (sessions, element) => {
      extra = { sessions, element };
    },
  });
  return extra;
}

function store(room: LiveRoom, request: AffiliationRequest, change: Change): void {
  const { jid, affiliation } = change;
  room.affiliations.set(jid, affiliation);
  let given = request.data ?? change.data;
  // XEP-0045 §9.1: a nick is not kept for somebody who cannot come.
  const kept = affiliation === "outcast" ? given || room.affiliations.peek(jid) : undefined;
  if (kept && "reserved_nickname" in kept) {
    const { reserved_nickname: _, ...rest } = kept;
    given = rest;
  }
  const isCleared = affiliation === "none" || given === false || (given && Object.keys(given).length === 0);
  if (!isCleared && !given) return;
  const data = { ...lastingData(room, jid), ...(!isCleared && given) };
  room.affiliations.setData(jid, Object.keys(data).length > 0 ? data : undefined);
}

/** What modules keep of somebody whatever becomes of the affiliation: items `muc-lasting-affiliation-data`, keys. */
function lastingData(room: LiveRoom, jid: BareJid): AffiliationData {
  const stored = room.affiliations.peek(jid);
  const lasting: AffiliationData = {};
  for (const key of room.service.module.getHostItems<string>("muc-lasting-affiliation-data")) {
    if (stored?.[key] !== undefined) lasting[key] = stored[key];
  }
  return lasting;
}

/** Sessions of that JID, and where a domain is banned everybody of it who has no affiliation of their own. */
function isConcerned(room: LiveRoom, occupant: LiveOccupant, { jid, affiliation }: Change): boolean {
  if (occupant.bareJid === jid) return true;
  const isDomainBan = affiliation === "outcast" && domainOf(jid) === jid;
  return isDomainBan && domainOf(occupant.bareJid) === jid && room.getAffiliation(occupant.bareJid) === "outcast";
}

/** Whoever gains or loses the moderator's view sees everybody as that view shows them (XEP-0045 §8). */
export function showOthersAgain(room: LiveRoom, occupant: LiveOccupant, prevRole: Role): void {
  const isSame = (prevRole === "moderator") === (occupant.role === "moderator");
  if (isSame || room.getWhois() === "anyone") return;
  for (const { jid } of occupant.targets) {
    room.sendOccupantList(jid, (_nick, other) => other === undefined || other.bareJid !== occupant.bareJid);
  }
}

/** A change that concerns nobody in the room. */
interface Announcement {
  readonly jid: BareJid;
  readonly affiliation: Affiliation;
  readonly reason: string | undefined;
  readonly codes: readonly string[];
  readonly extra: ExtraContent | undefined;
}

/** Tells those who may see it of a change that concerns nobody in the room (XEP-0045 §9.3, §9.5, §10.3). */
function announce(room: LiveRoom, { jid, affiliation, reason, codes, extra }: Announcement): void {
  const x = userX(...codes);
  x.append(itemElement({ affiliation, jid }, { reason }));
  const isForAll = room.getWhois() === "anyone";
  const sessions = room.occupancy.list().flatMap((occupant) => {
    if (isForAll || hasRole(occupant.role, "moderator")) return occupant.targets;
    return extra ? occupant.targets.filter((session) => extra.sessions.has(session.jid)) : [];
  });
  const [others, told] = divided(sessions, extra);
  const { module } = room.service;
  const message = xml("message", { from: room.jid }, x);
  if (others.length > 0) module.deliver(new StanzaTemplate(message), others);
  if (!extra || told.length === 0) return;
  x.append(cloneElement(extra.element));
  module.deliver(new StanzaTemplate(message), told);
}
