/** What comes of time, and of the end of the process. */
import { destroyText } from "../line.js";
import { type World } from "../world.js";
import { ADMINS } from "./refusals.js";

/** §10.1.3: a room that nobody has configured. */
export function expireLock(world: World): void {
  if (world.place.room?.isLocked) {
    world.destroy(destroyText(undefined, "The room was not configured in time"), ADMINS);
  }
}

/** A tombstone weathers. */
export function expireTombstone(world: World): void {
  const { tombstone } = world.place;
  if (tombstone) world.place = { tombstone: { ...tombstone, isWeathered: true } };
}

/** Users who are served here go with the process; those of another server stay. */
export function restart(world: World): void {
  const { room } = world.place;
  if (!room) return;
  if (!world.isAttached) {
    const gone = room.occupants;
    room.occupants = [];
    for (const occupant of gone) {
      occupant.role = "none";
      world.announce(occupant, { codes: ["332"] });
    }
    world.endIfEmpty();
    return;
  }
  for (const occupant of room.occupants) occupant.sessions.sort();
  room.occupants.sort((a, b) => ((a.sessions[0] as string) < (b.sessions[0] as string) ? -1 : 1));
}
