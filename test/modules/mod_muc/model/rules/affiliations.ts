/** Who becomes what (XEP-0045 §5, §8, §9, §10.3 to §10.8). */
import { inviteText } from "../line.js";
import {
  bareOf,
  domainOf,
  hasRole,
  isAtLeast,
  rankOf,
  type Affiliation,
  type Occupant,
  type Role,
  type Session,
  type Standing,
  type World,
} from "../world.js";
import { answer, refusalWithoutRoom, type Refusal } from "./refusals.js";

/** A change that is asked for by an `<item/>`: of a role by nick, or of an affiliation. */
export type Item =
  | { readonly kind: "role"; readonly nick: string; readonly role: Role; readonly reason?: string }
  | {
      readonly kind: "affiliation";
      readonly jid: string;
      readonly affiliation: Affiliation;
      /** To be reserved; empty: none any longer. */
      readonly nick?: string | undefined;
      readonly reason?: string;
    };

/** §8, §9, §10: all of the items, or none of them. */
export function administer(world: World, by: Session, items: readonly Item[]): void {
  const refusal = refusalWithoutRoom(world) ?? itemsRefusal(world, by, items);
  if (refusal !== undefined) {
    answer(world, by, refusal);
    return;
  }
  const { place } = world;
  world.place = structuredClone(place);
  for (const item of items) {
    // Another item may have changed what this one depends on.
    const isGone = item.kind === "role" && !world.byNick(item.nick);
    const again = isGone ? "modify/item-not-found" : itemRefusal(world, by, item);
    if (again !== undefined) {
      Object.assign(world, { place, sent: new Map() });
      answer(world, by, again);
      return;
    }
    apply(world, by, item);
  }
  answer(world, by, undefined);
  world.endIfEmpty();
}

/** What the room itself says of affiliations is looked at first, then each item in turn. */
function itemsRefusal(world: World, by: Session, items: readonly Item[]): Refusal {
  const affiliations = items.filter((item) => item.kind === "affiliation");
  const first = (some: readonly Item[]): Refusal =>
    some.map((item) => itemRefusal(world, by, item)).find((refusal) => refusal !== undefined);
  return first(affiliations) ?? repeatedRefusal(affiliations) ?? first(items);
}

/** Nobody is changed twice at once, and no nick reserved for two. */
function repeatedRefusal(items: readonly (Item & { kind: "affiliation" })[]): Refusal {
  const nicks = items.flatMap(({ nick, affiliation }) => (nick && isAtLeast(affiliation, "member") ? [nick] : []));
  if (new Set(items.map(({ jid }) => jid)).size < items.length) return "cancel/bad-request";
  return new Set(nicks).size < nicks.length ? "cancel/conflict" : undefined;
}

function itemRefusal(world: World, by: Session, item: Item): Refusal {
  if (item.kind === "affiliation") return affiliationRefusal(world, by, item);
  const target = world.byNick(item.nick);
  if (target) return roleRefusal(world, by, target, item.role);
  return world.bySession(by)?.role === "moderator" ? "modify/item-not-found" : "auth/forbidden";
}

function apply(world: World, by: Session, item: Item): void {
  if (item.kind === "role") {
    setRole(world, by, world.byNick(item.nick) as Occupant, item.role, item.reason);
    return;
  }
  const { jid, affiliation, nick, reason } = item;
  const squatter = nick ? world.byNick(nick) : undefined;
  if (squatter && squatter.user !== jid && isAtLeast(affiliation, "member")) {
    world.remove(squatter, { codes: ["307"], reason: "This nickname is reserved" });
  }
  const before = world.there.standings.get(jid);
  const reserved = nick !== undefined && isAtLeast(affiliation, "member") ? nick || undefined : before?.nick;
  affiliate(world, by, jid, { affiliation, nick: reserved, reason: reason ?? before?.reason }, reason);
}

/** §5.2.1, with the codes of §9 and §10. */
function affiliationRefusal(world: World, by: Session, item: Item & { kind: "affiliation" }): Refusal {
  const { jid, affiliation: to, nick } = item;
  const actor = world.affiliation(by);
  const from = world.there.standings.get(jid)?.affiliation ?? "none";
  const isSelf = bareOf(by) === jid;
  const isAboveAdmins = isAtLeast(from, "admin") || isAtLeast(to, "admin");
  const owners = [...world.there.standings].filter(([, { affiliation }]) => affiliation === "owner");
  if (!isAtLeast(actor, "admin")) return "auth/forbidden";
  if (isSelf && to === "outcast") return "cancel/conflict";
  if (actor === "admin" && isAboveAdmins) return to === "outcast" ? "cancel/not-allowed" : "auth/forbidden";
  if (isSelf && from === "owner" && to !== "owner" && owners.length === 1) return "cancel/conflict";
  const holder = nick && isAtLeast(to, "member") ? world.holderOf(nick) : undefined;
  return holder !== undefined && holder !== jid ? "cancel/conflict" : undefined;
}

/** Whom a change concerns: those of that JID; of a domain that is banned those who have no affiliation themselves. */
function isConcerned(world: World, { user }: Occupant, jid: string, affiliation: Affiliation): boolean {
  if (user === jid) return true;
  return affiliation === "outcast" && domainOf(user) === jid && world.affiliation(user) === "outcast";
}

export function affiliate(world: World, actor: Session | undefined, jid: string, to: Standing, reason?: string): void {
  const { standings, settings } = world.there;
  const from = standings.get(jid)?.affiliation ?? "none";
  // §9.1: who is banned has no nick.
  const standing = to.affiliation === "outcast" ? { ...to, nick: undefined } : to;
  if (to.affiliation === "none") standings.delete(jid);
  else standings.set(jid, standing);
  const effective = world.affiliation(jid);
  const due = world.defaultRole(effective);
  const isLowered = rankOf(to.affiliation) < rankOf(from);
  const concerned = world.there.occupants.filter((occupant) => isConcerned(world, occupant, jid, to.affiliation));
  const roles = concerned.map((occupant) => occupant.role);
  for (const occupant of concerned) {
    if (!isLowered && hasRole(occupant.role, due)) continue;
    if (due === "none") world.drop(occupant);
    occupant.role = due;
  }
  const codes = due !== "none" ? [] : [effective === "outcast" ? "301" : "321"];
  for (const [index, occupant] of concerned.entries()) {
    const before = roles[index] as Role;
    world.announce(occupant, { codes, actor, reason, before });
    if (occupant.role !== "none") world.showAnew(occupant, before);
  }
  if (concerned.length > 0) return;
  const items = [{ affiliation: to.affiliation, jid, reason }];
  world.broadcast({ name: "message", items, codes }, ({ role }) => settings.whois === "anyone" || role === "moderator");
  if (actor !== undefined && from === "none" && isAtLeast(to.affiliation, "member")) inviteMember(world, actor, jid);
}

/** §9.5: who may come from now on is told so; on another server, as nobody is logged in here. */
function inviteMember(world: World, actor: Session, jid: string): void {
  const { settings } = world.there;
  if (!settings.membersOnly || !world.isAttached) return;
  const own = world.bySession(actor);
  const inviter = own ? `${world.room}/${own.nick}` : world.room;
  // Who does not know the password gives none away.
  const password = own && settings.password !== "" ? settings.password : undefined;
  world.send(jid, { name: "message", invite: inviteText(inviter, password) });
}

/** §5.1.1 */
export function roleRefusal(world: World, by: Session, target: Occupant, to: Role): Refusal {
  const own = world.bySession(by);
  const actor = world.affiliation(by);
  const affiliation = world.affiliation(target.user);
  const from = target.role;
  const isInCharge = isAtLeast(actor, "admin");
  if (own?.role !== "moderator") return "auth/forbidden";
  if (!isInCharge && (to === "moderator" || (from === "moderator" && to !== "none"))) return "auth/forbidden";
  if (own === target && to === "none") return undefined;
  if (rankOf(actor) < rankOf(affiliation)) return "cancel/not-allowed";
  if (from === "moderator" && !isInCharge) return "cancel/not-allowed";
  if (!isAtLeast(affiliation, "admin")) return undefined;
  // §8.4, §9.7: they speak, and are moderators.
  if (to === "participant" && from === "moderator") return actor === "owner" ? undefined : "cancel/not-allowed";
  return to === "visitor" && from !== "visitor" ? "cancel/not-allowed" : undefined;
}

export function setRole(world: World, actor: Session, target: Occupant, role: Role, reason?: string): void {
  if (role === "none") {
    world.remove(target, { codes: ["307"], actor, reason });
    return;
  }
  const before = target.role;
  target.role = role;
  world.announce(target, { actor, reason, before });
  world.showAnew(target, before);
}
