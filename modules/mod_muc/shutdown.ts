import { clearRoom } from "./destroy.js";
import { removeSession } from "./kick.js";
import { userX } from "./presence.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

/** Removed because the service shuts down (XEP-0045 §16.6.2). */
const SHUTDOWN = "332";

/**
 * The service stops. Users of another server stay in their rooms, which the next start takes up; users served here are
 * told, and everybody is with `muc_shutdown_notice`.
 */
export async function endRooms(service: Service): Promise<void> {
  await Promise.all(
    service.directory.live().map(async (room) => {
      try {
        await room.run(() => {
          endRoom(service, room);
        });
      } catch (error) {
        service.module.log("error", "%s: could not be saved: %s", room.jid, error);
      }
    }),
  );
}

function endRoom(service: Service, room: LiveRoom): void {
  if (service.options.shutdownNotice) {
    clearRoom(room, userX(SHUTDOWN));
    return;
  }
  const local = room.occupancy.targets.filter(({ jid }) => !service.records.isRemote(jid));
  if (local.length === room.occupancy.targets.length) clearRoom(room, userX(SHUTDOWN));
  else for (const { jid } of local) removeSession(room, jid, { codes: [SHUTDOWN] });
}
