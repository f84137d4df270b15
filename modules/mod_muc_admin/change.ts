import type { StanzaError } from "chorus-muc";
import {
  parseAffiliation,
  parseRole,
  type ActionAnswer,
  type Affiliation,
  type AffiliationData,
  type Outcome,
  type Role,
  type Room,
  type RoomAction,
} from "chorus-muc/muc";
import { refusal } from "./bound-action.js";

/** Actions that change who may do what, or end a room. All of them say so to who is inside, as the room would. */

const REASON = { name: "reason", kind: "text", label: "Reason", isOption: true } as const;

function refusedBy(what: string, [, , condition, error]: Exclude<Outcome, readonly [true]>): StanzaError {
  return error?.text === undefined ? refusal("not-allowed", `${what}: ${condition}`) : error;
}

/** Makes somebody owner, admin, member, outcast or none of these (XEP-0045 §9, §10). */
export const setAffiliationAction: RoomAction = {
  name: "set-affiliation",
  title: "Change an affiliation",
  summary: "make somebody owner, admin, member, outcast or none of these",
  target: "room",
  isChange: true,
  arguments: [
    { name: "jid", kind: "jid", label: "Address, or a domain to ban", required: true },
    {
      name: "affiliation",
      kind: "choice",
      label: "Affiliation",
      required: true,
      choices: ["owner", "admin", "member", "none", "outcast"],
    },
    REASON,
    { name: "nick", kind: "nick", label: "Nick to reserve", isOption: true },
  ],
  run: async ({ room, texts: { jid = "", affiliation: word = "", reason, nick } }) => {
    const affiliation = parseAffiliation(word) as Affiliation;
    const holder = nick === undefined ? undefined : room.getRegisteredJid(nick);
    if (holder !== undefined && holder !== jid) return refusal("conflict", `${String(nick)} is reserved for ${holder}`);
    if (nick !== undefined && (affiliation === "none" || affiliation === "outcast")) {
      return refusal("not-acceptable", `no nick is reserved for somebody of affiliation ${affiliation}`);
    }
    const settle = (done: Outcome): Outcome => {
      if (done[0] && nick !== undefined) evictSquatter(room, jid, nick);
      return done;
    };
    // As one step, which is over when it is on disk.
    const outcome = await room.run(() => {
      const data = dataOf(room, jid, { reason, nick });
      const done = room.setAffiliationAsync(true, jid, affiliation, reason, data);
      return done instanceof Promise ? done.then(settle) : settle(done);
    });
    if (!outcome[0]) return refusedBy(jid, outcome);
    return {
      kind: "done",
      text: `${jid} is now ${affiliation} of ${room.jid}`,
      data: { room: room.jid, jid, affiliation, nick: nick ?? null, reason: reason ?? null },
    };
  },
};

/** What is stored beside the affiliation; `undefined`: what is there stays. */
function dataOf(
  room: Room,
  jid: string,
  { reason, nick }: { readonly reason: string | undefined; readonly nick: string | undefined },
): AffiliationData | undefined {
  if (reason === undefined && nick === undefined) return undefined;
  const data: AffiliationData = { ...room.getAffiliationData(jid) };
  if (reason !== undefined) data.reason = reason;
  if (nick !== undefined) data.reserved_nickname = nick;
  return data;
}

/** A nick that is reserved for somebody is not kept by somebody else (XEP-0045 §7.10). */
function evictSquatter(room: Room, jid: string, nick: string): void {
  const occupant = room.getOccupantByNick(`${room.jid}/${nick}`);
  if (occupant && occupant.bareJid !== jid) room.setRole(true, occupant.nick, "none", "This nickname is reserved");
}

async function setRole(
  room: Room,
  nick: string,
  role: Role,
  reason: string | undefined,
): Promise<ActionAnswer | StanzaError> {
  const occupantJid = `${room.jid}/${nick}`;
  if (!room.getOccupantByNick(occupantJid)) return refusal("item-not-found", `nobody in ${room.jid} is called ${nick}`);
  const outcome = await room.run(() => room.setRoleAsync(true, occupantJid, role, reason));
  if (!outcome[0]) return refusedBy(nick, outcome);
  const text = role === "none" ? `${nick} is removed from ${room.jid}` : `${nick} is now ${role} in ${room.jid}`;
  return { kind: "done", text, data: { room: room.jid, nick, role, reason: reason ?? null } };
}

/** Gives an occupant another role, until they leave (XEP-0045 §8.3, §8.4, §9.6, §9.7). */
export const setRoleAction: RoomAction = {
  name: "set-role",
  title: "Change a role",
  summary: "make an occupant moderator, participant or visitor, or remove them",
  target: "room",
  isChange: true,
  arguments: [
    { name: "nick", kind: "nick", label: "Nick", required: true },
    {
      name: "role",
      kind: "choice",
      label: "Role",
      required: true,
      choices: ["moderator", "participant", "visitor", "none"],
    },
    REASON,
  ],
  run: ({ room, texts: { nick = "", role = "", reason } }) => setRole(room, nick, parseRole(role) as Role, reason),
};

/** Removes an occupant, who may come again (XEP-0045 §8.2). */
export const kickAction: RoomAction = {
  name: "kick",
  title: "Remove an occupant",
  summary: "remove an occupant from a room",
  target: "room",
  isChange: true,
  arguments: [{ name: "nick", kind: "nick", label: "Nick", required: true }, REASON],
  run: ({ room, texts: { nick = "", reason } }) => setRole(room, nick, "none", reason),
};

/** Ends a room (XEP-0045 §10.9). */
export const destroyAction: RoomAction = {
  name: "destroy",
  title: "Destroy a room",
  summary: "destroy a room, and say why and where to go instead",
  target: "room",
  isChange: true,
  arguments: [REASON, { name: "newjid", kind: "jid", label: "Room to go to instead", isOption: true }],
  run: async ({ room, texts: { reason, newjid } }) => {
    const outcome = await room.run(() => room.destroyAsync(newjid, reason));
    if (!outcome[0]) return refusedBy(room.jid, outcome);
    return {
      kind: "done",
      text: `${room.jid} is destroyed`,
      data: { room: room.jid, reason: reason ?? null, newjid: newjid ?? null },
    };
  },
};
