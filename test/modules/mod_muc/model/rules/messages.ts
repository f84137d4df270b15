/** Messages to the room, to its occupants, and invitations (XEP-0045 §7.4, §7.5, §7.8, §7.13, §8.1). */
import { inviteText } from "../line.js";
import { bareOf, hasRole, isAtLeast, type Occupant, type Session, type World } from "../world.js";
import { affiliate, roleRefusal, setRole } from "./affiliations.js";
import { refusalWithoutRoom, refuseMessage, type Refusal } from "./refusals.js";

/** §7.4 */
function speakingRefusal(world: World, by: Session): Refusal {
  const refusal = refusalWithoutRoom(world);
  if (refusal !== undefined) return refusal;
  const occupant = world.bySession(by);
  if (!occupant) return world.there.isLocked ? "cancel/item-not-found" : "cancel/not-acceptable";
  return occupant.role === "visitor" ? "auth/forbidden" : undefined;
}

export function say(world: World, by: Session, body: string): void {
  const refusal = speakingRefusal(world, by);
  if (refusal !== undefined) refuseMessage(world, by, undefined, refusal);
  else world.broadcast({ name: "message", type: "groupchat", nick: (world.bySession(by) as Occupant).nick, body });
}

/** §8.1 */
export function setSubject(world: World, by: Session, text: string): void {
  const refusal = speakingRefusal(world, by);
  const occupant = world.bySession(by);
  if (refusal !== undefined || !occupant) {
    refuseMessage(world, by, undefined, refusal as string);
    return;
  }
  if (!hasRole(occupant.role, world.there.settings.changeSubject ? "participant" : "moderator")) {
    refuseMessage(world, by, undefined, "auth/forbidden");
    return;
  }
  world.there.subject = { nick: occupant.nick, text };
  world.broadcast({ name: "message", type: "groupchat", nick: occupant.nick, subject: text });
}

/** §7.5 */
export function whisper(world: World, by: Session, nick: string, body: string): void {
  const refusal = refusalWithoutRoom(world);
  const sender = world.bySession(by);
  const recipient = world.byNick(nick);
  if (refusal !== undefined) refuseMessage(world, by, nick, refusal);
  else if (!sender) refuseMessage(world, by, nick, "cancel/not-acceptable");
  else if (!recipient) refuseMessage(world, by, nick, "cancel/item-not-found");
  else if (!mayWhisper(world, sender, recipient)) refuseMessage(world, by, nick, "cancel/policy-violation");
  else for (const to of recipient.sessions) world.send(to, { name: "message", type: "chat", nick: sender.nick, body });
}

function mayWhisper(world: World, sender: Occupant, recipient: Occupant): boolean {
  const { allowPm } = world.there.settings;
  if (sender.user === recipient.user) return true;
  if (allowPm === "affiliated") return isAtLeast(world.affiliation(sender.user), "member");
  return allowPm !== "none" && hasRole(sender.role, allowPm);
}

/** §7.13 */
export function askForVoice(world: World, by: Session): void {
  const refusal = refusalWithoutRoom(world);
  const occupant = world.bySession(by);
  if (refusal !== undefined || !occupant) refuseMessage(world, by, undefined, refusal ?? "cancel/not-acceptable");
  else if (occupant.role === "visitor") {
    const line = { name: "message", type: "normal", voice: occupant.nick };
    world.broadcast(line, ({ role }) => role === "moderator");
  }
}

/** §8.6: a moderator submits the form. */
export function grantVoice(world: World, by: Session, nick: string): void {
  const refusal = refusalWithoutRoom(world);
  const occupant = world.bySession(by);
  if (refusal !== undefined || !occupant) refuseMessage(world, by, undefined, refusal ?? "cancel/not-acceptable");
  else if (occupant.role === "moderator") {
    const applicant = world.byNick(nick);
    if (applicant?.role !== "visitor" || roleRefusal(world, by, applicant, "participant") !== undefined) return;
    setRole(world, by, applicant, "participant", "Voice granted");
  } else askForVoice(world, by);
}

/** §7.8.2 */
export function invite(world: World, by: Session, invitee: Session): void {
  const refusal = refusalWithoutRoom(world) ?? inviteRefusal(world, by);
  if (refusal !== undefined) {
    refuseMessage(world, by, undefined, refusal);
    return;
  }
  const { settings } = world.there;
  const user = bareOf(invitee);
  const inviter = `${world.room}/${(world.bySession(by) as Occupant).nick}`;
  const isSeen = settings.whois === "anyone" || world.defaultRole(world.affiliation(user)) === "moderator";
  if (settings.membersOnly && world.affiliation(user) === "none") {
    const reason = `Invited by ${inviter}`;
    affiliate(world, undefined, user, { affiliation: "member", reason }, reason);
  }
  const password = settings.password === "" ? undefined : settings.password;
  world.send(invitee, { name: "message", invite: inviteText(isSeen ? by : inviter, password) });
}

function inviteRefusal(world: World, by: Session): Refusal {
  const { settings } = world.there;
  const inviter = world.bySession(by);
  const isVoiced = inviter !== undefined && hasRole(inviter.role, "participant");
  const least = settings.memberInvites ? "member" : "admin";
  const isAllowed = isVoiced && (!settings.membersOnly || isAtLeast(world.affiliation(by), least));
  return isAllowed ? undefined : "auth/forbidden";
}
