import { childElements, xml, type Element, type StanzaError } from "chorus-muc";
import { commitAsked, type AskedChange } from "./affiliation-change.js";
import { tellLeft } from "./leave.js";
import type { Refusable } from "./muc-events.js";
import { outcomeOf } from "./outcome.js";
import { publicise, userX } from "./presence.js";
import { DONE } from "./privileges.js";
import type { Outcome } from "./room-api.js";
import type { LiveRoom } from "./room.js";
import { buryRoom } from "./tombstone.js";

interface Destruction extends Refusable {
  readonly room: LiveRoom;
  readonly x: Element;
  newjid: string | undefined;
  reason: string | undefined;
  password: string | undefined;
}

/** Removes everybody; each is told, and `muc-occupant-left` fired for each, when all are out. */
export function clearRoom(room: LiveRoom, x: Element = userX()): void {
  const gone = room.occupancy.list().map((occupant) => ({ occupant, prevRole: occupant.role }));
  for (const { occupant } of gone) room.occupancy.remove(occupant);
  for (const { occupant, prevRole } of gone) {
    publicise(room, occupant, x, { prevRole });
    tellLeft(room, occupant);
  }
}

/** See `Room.destroy`. Within a step. */
export function destroyRoom(room: LiveRoom, newjid?: string, reason?: string, password?: string): Outcome {
  const request: Destruction = { room, x: userX(), newjid, reason, password };
  const asked = outcomeOf(request, room.service.module.fireEvent("muc-pre-room-destroy", request));
  return asked[0] ? commitDestruction(room, request) : asked;
}

/** Asks about the destruction of a room. */
export function askDestruction(
  room: LiveRoom,
  newjid?: string,
  reason?: string,
  password?: string,
): AskedChange | Promise<AskedChange> {
  const request: Destruction = { room, x: userX(), newjid, reason, password };
  const asked = (answer: StanzaError | undefined): AskedChange => ({
    outcome: outcomeOf(request, answer),
    commit: () => (room.isTracked ? commitDestruction(room, request) : DONE),
  });
  const answer = room.service.module.fireEventAsync("muc-pre-room-destroy", request);
  return answer instanceof Promise ? answer.then(asked) : asked(answer);
}

/** See `Room.destroyAsync`. */
export function destroyRoomAsync(
  room: LiveRoom,
  newjid?: string,
  reason?: string,
  password?: string,
): Outcome | Promise<Outcome> {
  return commitAsked(room, askDestruction(room, newjid, reason, password));
}

/** XEP-0045 §10.9. */
function commitDestruction(room: LiveRoom, { x, newjid, reason, password }: Destruction): Outcome {
  const destroy = xml("destroy", { jid: newjid });
  if (reason !== undefined) destroy.append(xml("reason", {}, reason));
  if (password !== undefined) destroy.append(xml("password", {}, password));
  x.children = [destroy, ...childElements(x)];
  room.destroying = reason ?? true;
  room.onRollback(() => {
    room.destroying = undefined;
  });
  const wasPersistent = room.getPersistent();
  clearRoom(room, x);
  room.service.module.fireEvent("muc-room-destroyed", { room, reason, newjid, password });
  forget(room);
  if (wasPersistent && room._data["destroyed"] !== true) buryRoom(room, { newjid, reason });
  return DONE;
}

/** An empty temporary room ends without a word: nobody is there to hear it. */
export function endEmptyRoom(room: LiveRoom): void {
  room.destroying = true;
  room.onRollback(() => {
    room.destroying = undefined;
  });
  room.service.module.fireEvent("muc-room-destroyed", { room });
  forget(room);
}

/** Takes a room out of the directory; what is stored of it goes with the step. */
function forget(room: LiveRoom): void {
  room.service.directory.forget(room);
  room.save(true);
}
