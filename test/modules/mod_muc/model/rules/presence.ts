/** Presence: entering, another nick, leaving (XEP-0045 §7.2, §7.6, §7.7, §7.14, §17.3). */
import { destroyText } from "../line.js";
import { bareOf, DEFAULTS, isAtLeast, type Occupant, type Session, type World } from "../world.js";
import { ADMINS, answer, nickRefusal, refusalWithoutRoom, refusePresence, type Refusal } from "./refusals.js";

/** Owners and admins get into a full room, up to so many more. */
const RESERVE = 5;

/** Presence to a nick. @param x whether it has the element that asks to enter */
export function present(world: World, by: Session, nick: string, x: { readonly password?: string } | undefined): void {
  const { room, tombstone } = world.place;
  if (!room) {
    const mayCreate = x !== undefined && (!tombstone || tombstone.isWeathered || ADMINS.includes(bareOf(by)));
    if (mayCreate) create(world, by, nick, x.password);
    else refusePresence(world, by, nick, refusalWithoutRoom(world) as string);
    return;
  }
  const occupant = world.bySession(by);
  if (occupant) change(world, by, occupant, nick, x !== undefined);
  else if (x) enter(world, by, nick, x.password);
  // §7.2.18 would have an explicit kick; clients take what Prosody answers, unless an option says otherwise.
  else refusePresence(world, by, nick, "cancel/item-not-found");
}

/** §10.1.1 */
function create(world: World, by: Session, nick: string, password = ""): void {
  const refusal = nickRefusal(nick);
  world.place = {};
  if (refusal !== undefined) {
    refusePresence(world, by, nick, refusal);
    return;
  }
  const occupant: Occupant = { nick, user: bareOf(by), role: "moderator", sessions: [by] };
  world.place = {
    room: {
      settings: { ...DEFAULTS, password },
      isLocked: true,
      standings: new Map([[bareOf(by), { affiliation: "owner" }]]),
      occupants: [occupant],
    },
  };
  world.announce(occupant, { ownCodes: ["201"] });
  world.sendSubject(by);
}

/** The nick that somebody has to use, where that is wanted. */
function ownNick(world: World, user: string): string | undefined {
  return world.isRegistered ? world.place.room?.standings.get(user)?.nick : undefined;
}

/** §7.2: in this order. @param nick that is asked for @param given the one that it will be */
function entryRefusal(
  world: World,
  by: Session,
  { nick, given, password }: { readonly nick: string; readonly given: string; readonly password: string | undefined },
): Refusal {
  const { settings, occupants, isLocked } = world.there;
  const user = bareOf(by);
  const affiliation = world.affiliation(user);
  const holder = world.holderOf(nick);
  const present = world.byNick(given);
  const limit = settings.maxUsers + (isAtLeast(affiliation, "admin") ? RESERVE : 0);
  const isMore = present?.user !== user;
  const malformed = nickRefusal(nick);
  if (malformed !== undefined) return malformed;
  if (holder !== undefined && holder !== user) return "cancel/conflict";
  if (settings.membersOnly && affiliation === "none") return "auth/registration-required";
  if (affiliation === "outcast") return "auth/forbidden";
  if (settings.maxUsers > 0 && isMore && occupants.length >= limit) return "wait/service-unavailable";
  if (settings.password !== "" && password !== settings.password) return "auth/not-authorized";
  if (isLocked && affiliation !== "owner") return "cancel/item-not-found";
  return present && isMore ? "cancel/conflict" : undefined;
}

function enter(world: World, by: Session, nick: string, password: string | undefined): void {
  const user = bareOf(by);
  const given = ownNick(world, user) ?? nick;
  const refusal = entryRefusal(world, by, { nick, given, password });
  if (refusal !== undefined) {
    refusePresence(world, by, nick, refusal);
    return;
  }
  const present = world.byNick(given);
  const role = world.defaultRole(world.affiliation(user));
  const occupant: Occupant = present ?? { nick: given, user, role, sessions: [] };
  occupant.sessions.push(by);
  if (!present) world.there.occupants.push(occupant);
  world.showAll(by, (other) => other !== occupant);
  const ownCodes = [...arrivalCodes(world), ...(given === nick ? [] : ["210"])];
  world.announce(occupant, { ownCodes, ownSession: by });
  world.sendSubject(by);
}

const arrivalCodes = (world: World): string[] => (world.there.settings.whois === "anyone" ? ["100"] : []);

/** Presence of somebody who is in the room: §7.6, §7.7, or everything once more. */
function change(world: World, by: Session, occupant: Occupant, nick: string, isRejoin: boolean): void {
  const holder = world.holderOf(nick);
  const target = world.byNick(nick);
  const isReserved = holder !== undefined && holder !== occupant.user;
  const isTaken = target !== undefined && target.user !== occupant.user;
  const conflict = nick !== occupant.nick && (isReserved || isTaken) ? "cancel/conflict" : undefined;
  const own = ownNick(world, occupant.user);
  const isOther = own !== undefined && own !== nick && nick !== occupant.nick;
  // A reserved nick of somebody else is told first; that somebody has the nick, last.
  const reserved = isReserved && nick !== occupant.nick ? "cancel/conflict" : undefined;
  const refusal = nickRefusal(nick) ?? reserved ?? (isOther ? "cancel/not-acceptable" : conflict);
  if (refusal !== undefined) {
    refusePresence(world, by, nick, refusal);
    return;
  }
  const arrival = { ownCodes: isRejoin ? arrivalCodes(world) : [], ownSession: by };
  if (nick === occupant.nick) {
    if (isRejoin) world.showAll(by, (other) => other !== occupant);
    world.announce(occupant, { ...arrival, before: occupant.role });
    if (isRejoin) world.sendSubject(by);
    return;
  }
  if (target) merge(world, by, occupant, target, arrival);
  else if (occupant.sessions.length === 1) rename(world, occupant, nick, arrival);
  else split(world, by, occupant, nick, arrival);
  if (!isRejoin) return;
  const now = world.bySession(by);
  world.showAll(by, (other) => other !== now);
  world.sendSubject(by);
}

type Arrival = { readonly ownCodes: string[]; readonly ownSession: Session };

function rename(world: World, occupant: Occupant, nick: string, arrival: Arrival): void {
  const before = occupant.role;
  world.announce(occupant, { codes: ["303"], newNick: nick, isGone: true, before });
  const { occupants } = world.there;
  world.there.occupants = [...occupants.filter((other) => other !== occupant), occupant];
  occupant.nick = nick;
  world.announce(occupant, { ...arrival, before });
}

/** The session that takes another nick is told alone: the old nick stays with the others. */
function tellNewNick(world: World, by: Session, { nick, user, role }: Occupant, newNick: string): void {
  const items = [{ affiliation: world.affiliation(user), role, jid: by, nick: newNick }];
  world.send(by, { name: "presence", type: "unavailable", nick, items, codes: ["303", "110"] });
}

const without = (sessions: readonly Session[], one: Session): Session[] => sessions.filter((other) => other !== one);

function split(world: World, by: Session, occupant: Occupant, nick: string, arrival: Arrival): void {
  tellNewNick(world, by, occupant, nick);
  occupant.sessions = without(occupant.sessions, by);
  world.announce(occupant);
  const own: Occupant = { nick, user: occupant.user, role: occupant.role, sessions: [by] };
  world.there.occupants.push(own);
  world.announce(own, arrival);
  world.show(occupant, by, true);
}

function merge(world: World, by: Session, occupant: Occupant, target: Occupant, arrival: Arrival): void {
  const gone = { affiliation: world.affiliation(target.user), role: "none" };
  world.send(by, { name: "presence", type: "unavailable", nick: target.nick, items: [gone] });
  tellNewNick(world, by, occupant, target.nick);
  const isLast = occupant.sessions.length === 1;
  if (isLast) world.remove(occupant, { isForOthers: true });
  else {
    occupant.sessions = without(occupant.sessions, by);
    world.announce(occupant);
  }
  target.sessions.push(by);
  world.announce(target, arrival);
  if (!isLast) world.show(occupant, by, true);
}

/** §7.14 */
export function leave(world: World, by: Session): void {
  const occupant = world.bySession(by);
  if (!occupant) return;
  const isAlone = occupant.sessions.length === 1 && world.there.occupants.length === 1;
  // §10.1.3: a room that was never configured goes with its creator, who is told so.
  if (isAlone && world.there.isLocked) world.destroy(destroyText(undefined, undefined), ADMINS);
  else if (occupant.sessions.length === 1) world.remove(occupant);
  else takeOutSession(world, occupant, by);
  world.endIfEmpty();
}

/** One of several sessions: the others stay. */
function takeOutSession(world: World, occupant: Occupant, by: Session, ...codes: readonly string[]): void {
  const { nick, user } = occupant;
  occupant.sessions = without(occupant.sessions, by);
  world.announce(occupant);
  const items = [{ affiliation: world.affiliation(user), role: "none", jid: by }];
  world.send(by, { name: "presence", type: "unavailable", nick, items, codes: [...codes, "110"] });
}

/** What was sent to a session came back: it is not there (§18.1.2). */
export function bounce(world: World, by: Session): void {
  const occupant = world.bySession(by);
  if (!occupant) return;
  if (occupant.sessions.length === 1) world.remove(occupant, { codes: ["333"] });
  else takeOutSession(world, occupant, by, "333");
  world.endIfEmpty();
}

/** §17.3 */
export function probe(world: World, by: Session, nick: string): void {
  const refusal = refusalWithoutRoom(world);
  const prober = world.bySession(by);
  if (refusal !== undefined || !prober) {
    refusePresence(world, by, nick, refusal ?? "cancel/not-acceptable");
    return;
  }
  const { settings } = world.there;
  const probed = world.byNick(nick);
  if (probed) {
    const isAnonymous = prober.role !== "moderator" && settings.whois !== "anyone";
    for (const to of prober.sessions) world.show(probed, to, isAnonymous);
    return;
  }
  const holder = world.holderOf(nick);
  if (holder === undefined) return;
  const jid = world.isAnonymousFor(by) ? undefined : holder;
  const items = [{ affiliation: world.affiliation(holder), role: "none", nick, jid }];
  world.send(by, { name: "presence", type: "unavailable", nick, items });
}

/** A ping of a nick (XEP-0410): of one's own, or of nobody. */
export function ping(world: World, by: Session, nick: string): void {
  const occupant = world.bySession(by);
  const refusal = refusalWithoutRoom(world) ?? (occupant ? undefined : "cancel/not-acceptable");
  answer(world, by, refusal ?? (world.byNick(nick) ? undefined : "cancel/item-not-found"), nick);
}
