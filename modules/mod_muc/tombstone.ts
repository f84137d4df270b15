import { StanzaError } from "chorus-muc";
import { isAtLeast, type Affiliation } from "./affiliations.js";
import type { LiveRoom } from "./room.js";

/** Key of a tombstone's data: where to go and why is for members of the room that was. */
const WITHHELD = "details_withheld";

/** Whether a room is a tombstone: what is left of a destroyed persistent one, so that nobody takes its name at once. */
export function isTombstone(room: LiveRoom): boolean {
  return room._data["destroyed"] === true;
}

/** Whether a tombstone's time is over. */
export function isWeathered(room: LiveRoom, nowSeconds: number): boolean {
  const until = room._data["locked"];
  return typeof until === "number" && until < nowSeconds;
}

/**
 * What everybody is told who knocks at a tombstone: where to go instead, and why (RFC 6120 §8.3.3.5). Of a room that
 * showed its details to some people only, they alone are told that.
 */
export function goneError(room: LiveRoom, jid: string): StanzaError {
  const isTold = room._data[WITHHELD] !== true || room.showsDetailsTo(jid);
  const { reason, newjid } = isTold ? room._data : {};
  return new StanzaError({
    type: "cancel",
    condition: "gone",
    text: typeof reason === "string" ? reason : undefined,
    by: room.host,
    extra: typeof newjid === "string" ? { uri: `xmpp:${newjid}?join` } : undefined,
  });
}

/** Puts a tombstone in a destroyed room's place. Part of the step that destroyed the room. */
export function buryRoom(
  room: LiveRoom,
  { newjid, reason }: { readonly newjid: string | undefined; readonly reason: string | undefined },
): void {
  const { options, clock, directory, roomClass } = room.service;
  if (!options.tombstones) return;
  const locked = Math.floor(clock.now() / 1000) + options.tombstoneExpiry;
  const data: Record<string, unknown> = { destroyed: true, persistent: true, hidden: true, locked };
  if (reason !== undefined) data["reason"] = reason;
  if (newjid !== undefined) data["newjid"] = newjid;
  const isOpen = room.showsDetailsTo();
  if (!isOpen) data[WITHHELD] = true;
  const members = isOpen ? {} : membersOf(room);
  const frozen = { _jid: room.jid, _data: data, _affiliations: members, _affiliation_data: {} };
  const tombstone = new roomClass(room.service, room.jid, frozen);
  directory.track(tombstone);
  room.successor = tombstone;
  room.onRollback(() => {
    directory.drop(tombstone);
    room.successor = undefined;
  });
}

function membersOf(room: LiveRoom): Record<string, Affiliation> {
  const all = room.affiliations.list().filter(([, affiliation]) => isAtLeast(affiliation, "member"));
  return Object.fromEntries(all.map(([jid, affiliation]) => [jid, affiliation]));
}
