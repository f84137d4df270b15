/** Nicks that members register (XEP-0045 §7.10). */
import { bareOf, type Session, type World } from "../world.js";
import { affiliate } from "./affiliations.js";
import { answer, nickRefusal, refusalWithoutRoom, type Refusal } from "./refusals.js";

/** §7.10 */
function registrationRefusal(world: World, by: Session): Refusal {
  const affiliation = world.affiliation(by);
  if (affiliation === "outcast") return "auth/forbidden";
  return affiliation === "none" ? "auth/registration-required" : undefined;
}

export function register(world: World, by: Session, nick: string): void {
  const refusal =
    refusalWithoutRoom(world) ?? registrationRefusal(world, by) ?? nickRegistrationRefusal(world, by, nick);
  const user = bareOf(by);
  const standing = world.place.room?.standings.get(user);
  if (refusal === undefined && standing && standing.nick !== nick)
    affiliate(world, undefined, user, { ...standing, nick });
  answer(world, by, refusal);
}

function nickRegistrationRefusal(world: World, by: Session, nick: string): Refusal {
  if (nickRefusal(nick) !== undefined) return "modify/bad-request";
  const user = bareOf(by);
  const holders = [world.byNick(nick)?.user, world.holderOf(nick)];
  return holders.every((holder) => holder === undefined || holder === user) ? undefined : "cancel/conflict";
}

export function unregister(world: World, by: Session): void {
  const refusal = refusalWithoutRoom(world) ?? registrationRefusal(world, by);
  if (refusal === undefined) {
    const affiliation = world.affiliation(by);
    affiliate(world, undefined, bareOf(by), { affiliation: affiliation === "member" ? "none" : affiliation });
  }
  answer(world, by, refusal);
  if (refusal === undefined) world.endIfEmpty();
}
