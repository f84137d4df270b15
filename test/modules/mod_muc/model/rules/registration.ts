/** Nicks that members register (XEP-0045 §7.10). */
import { bareOf, type Session, type World } from "../world.js";
import { affiliate } from "./affiliations.js";
import { answer, nickRefusal, refusalWithoutRoom, type Refusal } from "./refusals.js";

/** §7.10 */
function registrationRefusal(world: World, by: Session): Refusal {
  const affiliation = world.affiliation(by);
  if (affiliation === "outcast") return "auth/forbidden";
  return affiliation === "none" && !world.isRegistered ? "auth/registration-required" : undefined;
}

export function register(world: World, by: Session, nick: string): void {
  const refusal =
    refusalWithoutRoom(world) ?? registrationRefusal(world, by) ?? nickRegistrationRefusal(world, by, nick);
  if (refusal === undefined) reserve(world, bareOf(by), nick);
  answer(world, by, refusal);
  world.endIfEmpty();
}

function reserve(world: World, user: string, nick: string): void {
  const standing = world.there.standings.get(user) ?? { affiliation: "member", nick: undefined };
  if (standing.nick === nick) return;
  affiliate(world, undefined, user, { ...standing, nick });
  if (!world.isRegistered) return;
  for (const occupant of world.there.occupants) {
    if (occupant.user !== user || occupant.nick === nick) continue;
    world.remove(occupant, { codes: ["307"], reason: "You have a reserved nickname" });
  }
}

function nickRegistrationRefusal(world: World, by: Session, nick: string): Refusal {
  if (nickRefusal(nick) !== undefined) return "modify/bad-request";
  const user = bareOf(by);
  const holders = [world.byNick(nick)?.user, world.holderOf(nick)];
  return holders.every((holder) => holder === undefined || holder === user) ? undefined : "cancel/conflict";
}

export function unregister(world: World, by: Session): void {
  const affiliation = world.affiliation(by);
  // XEP-0077 §3.2: who is nothing here has nothing to take back.
  const nothing = affiliation === "none" ? "auth/registration-required" : undefined;
  const refusal = refusalWithoutRoom(world) ?? registrationRefusal(world, by) ?? nothing;
  if (refusal === undefined) {
    affiliate(world, undefined, bareOf(by), { affiliation: affiliation === "member" ? "none" : affiliation });
  }
  answer(world, by, refusal);
  if (refusal === undefined) world.endIfEmpty();
}
