/** What owners do with the room as a whole (XEP-0045 §10.2, §10.9). */
import { destroyText } from "../line.js";
import { domainOf, type Role, type Session, type Settings, type World } from "../world.js";
import { ADMINS, answer, refusalWithoutRoom, type Refusal } from "./refusals.js";

/** §10.2. @param isValid whether every value is one that its field can have */
export function configure(world: World, by: Session, changes: Partial<Settings>, isValid: boolean): void {
  const refusal = refusalWithoutRoom(world) ?? configRefusal(world, by, isValid);
  if (refusal !== undefined) {
    answer(world, by, refusal);
    return;
  }
  world.there.isLocked = false;
  const codes: string[] = [];
  const { settings } = world.there;
  const set = <K extends keyof Settings>(name: K, code = "104"): boolean => {
    const value = changes[name];
    if (value === undefined || JSON.stringify(value) === JSON.stringify(settings[name])) return false;
    settings[name] = value as Settings[K];
    codes.push(code);
    return true;
  };
  set("name");
  // Who is no user of ours sees no such field.
  if (domainOf(by) === "users.example") set("persistent");
  set("password");
  if (set("membersOnly") && settings.membersOnly) evictStrangers(world);
  for (const name of ["memberInvites", "maxUsers", "changeSubject", "moderated"] as const) set(name);
  set("whois", changes.whois === "anyone" ? "172" : "173");
  const shownBefore = settings.broadcast;
  if (set("broadcast")) announceShown(world, shownBefore);
  set("allowPm");
  answer(world, by, undefined);
  if (codes.length > 0) {
    world.broadcast({ name: "message", type: "groupchat", codes: [...new Set(codes)] });
  }
  world.endIfEmpty();
}

function configRefusal(world: World, by: Session, isValid: boolean): Refusal {
  if (world.affiliation(by) !== "owner") return "auth/forbidden";
  return isValid ? undefined : "modify/not-acceptable";
}

function evictStrangers(world: World): void {
  for (const occupant of world.there.occupants) {
    if (world.affiliation(occupant.user) === "none") world.remove(occupant, { codes: ["322"] });
  }
}

/** Who becomes visible is announced, who does not stay so is withdrawn, and knows it. */
function announceShown(world: World, before: readonly Role[]): void {
  for (const occupant of world.there.occupants) {
    const wasShown = before.includes(occupant.role);
    if (wasShown === world.there.settings.broadcast.includes(occupant.role)) continue;
    world.announce(occupant, { isWithdrawn: wasShown });
  }
}

/** §10.9 */
export function destroy(world: World, by: Session, newjid: string | undefined, reason: string): void {
  const refusal = refusalWithoutRoom(world) ?? (world.affiliation(by) === "owner" ? undefined : "auth/forbidden");
  if (refusal === undefined) world.destroy(destroyText(newjid, reason), ADMINS);
  answer(world, by, refusal);
}
