import { endEmptyRoom } from "./destroy.js";
import type { LiveRoom } from "./room.js";

/**
 * What belongs to the end of every step of a room, within it: an empty temporary room is gone, and those who wait for
 * an answer of somebody who left are told.
 *
 * Looking only now is what lets the sole occupant of a temporary room take another nick.
 */
export function concludeStep(room: LiveRoom): void {
  const isOver = room.mayBeEmpty && room.isTracked && !room.hasOccupant();
  room.mayBeEmpty = false;
  if (isOver && !room.getPersistent() && room.destroying === undefined) endEmptyRoom(room);
  const { relay } = room.service;
  if (relay.size === 0) return;
  for (const realJid of room.steps.current?.sessions ?? []) {
    if (!room.occupancy.byRealJid(realJid)) relay.sessionLeft(room, realJid);
  }
}
