/** What is told of the room to who asks (XEP-0045 §6.4, §8.5, §9.2, §9.5, §9.8, §10.5, §10.8). */
import { infoText, type Item as Entry } from "../line.js";
import { bareOf, hasRole, isAtLeast, type Affiliation, type Role, type Session, type World } from "../world.js";
import { ADMINS, answer, refusalWithoutRoom } from "./refusals.js";

/** Everybody learns what kind of room it is; of a closed one, those who belong to it the rest. */
export function info(world: World, by: Session): void {
  const refusal = refusalWithoutRoom(world);
  if (refusal !== undefined) {
    answer(world, by, refusal);
    return;
  }
  const { settings, occupants } = world.there;
  const kind = [
    "muc_public",
    settings.membersOnly ? "muc_membersonly" : "muc_open",
    settings.password === "" ? "muc_unsecured" : "muc_passwordprotected",
    settings.moderated ? "muc_moderated" : "muc_unmoderated",
    settings.persistent ? "muc_persistent" : "muc_temporary",
    settings.whois === "anyone" ? "muc_nonanonymous" : "muc_semianonymous",
  ];
  const user = bareOf(by);
  const isClosed = settings.membersOnly || settings.password !== "";
  const belongs = isAtLeast(world.affiliation(user), "member") || occupants.some((occupant) => occupant.user === user);
  const isTold = !isClosed || belongs || ADMINS.includes(user);
  world.send(by, { name: "iq", type: "result", answer: infoText(kind, isTold ? occupants.length : undefined) });
}

/** Who has an affiliation: owners see all, admins whom they can change, members those they see anyway. */
export function affiliations(world: World, by: Session, affiliation: Affiliation): void {
  const refusal = refusalWithoutRoom(world);
  const own = world.affiliation(by);
  const isAdmin = isAtLeast(own, "admin") && !isAtLeast(affiliation, "admin");
  const { room } = world.place;
  const isMember = isAtLeast(own, "member") && affiliation !== "outcast" && room?.settings.whois === "anyone";
  if (refusal !== undefined || !(own === "owner" || isAdmin || isMember)) {
    answer(world, by, refusal ?? "auth/forbidden");
    return;
  }
  const items = [...world.there.standings].flatMap<Entry>(([jid, { affiliation: its, nick, reason }]) =>
    its === affiliation ? [{ affiliation: its, jid, nick, reason }] : [],
  );
  world.send(by, { name: "iq", type: "result", items });
}

/** Who has a role, for moderators, and those who would be. */
export function roles(world: World, by: Session, role: Role): void {
  const refusal = refusalWithoutRoom(world);
  const own = refusal === undefined && (world.bySession(by)?.role ?? world.defaultRole(world.affiliation(by)));
  if (own === false || !hasRole(own, "moderator")) {
    answer(world, by, refusal ?? "auth/forbidden");
    return;
  }
  const items = world.there.occupants
    .filter((occupant) => occupant.role === role)
    .flatMap((occupant) => world.items(occupant, "full", { newNick: occupant.nick }));
  world.send(by, { name: "iq", type: "result", items });
}
