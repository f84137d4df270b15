import { bare, StanzaError, type Element, type IqEvent } from "chorus-muc";
import type { Muc } from "./muc-api.js";
import type { Room } from "./room-api.js";

/**
 * The room that a stanza is addressed to, loaded if need be.
 * @returns `undefined` when there is none, or it was destroyed; a promise only when it has to be loaded
 */
export function roomOf(muc: Muc, stanza: Element): Room | undefined | Promise<Room | undefined> {
  const jid = bare(String(stanza.attrs["to"]));
  const usable = (room: Room | undefined): Room | undefined => (room?._data["destroyed"] === true ? undefined : room);
  const live = muc.getLiveRoomFromJid(jid);
  return live ? usable(live) : muc.getRoomFromJid(jid).then(usable);
}

/** What an iq handler of a room answers. */
type Answer = Element | StanzaError | true | undefined;

/**
 * Answers an iq to a room within a step of that room, which is loaded first if need be. The answer leaves when what the
 * step changed is on disk, after everything that the room sent meanwhile.
 *
 * ```ts
 * module.hook("iq-get/bare/urn:example:motto:motto", (event) =>
 *   inRoomOf(muc, event, (room) => xml("iq", {}, xml("motto", "urn:example:motto", room.getMotto()))),
 * );
 * ```
 *
 * @param fn returns `undefined` to leave the request to others
 * @returns `undefined` as well when there is no such room, or it was destroyed: the engine says so
 */
export function inRoomOf(muc: Muc, event: IqEvent, fn: (room: Room) => Answer): Answer | Promise<Answer> {
  const answer = (room: Room | undefined): Answer | Promise<Answer> => {
    const result = room?.run(() => fn(room));
    return result instanceof Promise ? result.catch(asRefusal) : result;
  };
  const room = roomOf(muc, event.stanza);
  return room instanceof Promise ? room.then(answer).catch(asRefusal) : answer(room);
}

function asRefusal(error: unknown): StanzaError {
  if (error instanceof StanzaError) return error;
  throw error;
}
