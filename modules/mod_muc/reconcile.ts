import { randomUUID } from "node:crypto";
import { StanzaTemplate, xml } from "chorus-muc";
import { takeOut } from "./leave.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

/**
 * After the link to the host was down: asks every session of another server, without its user noticing, whether it is
 * still there. What is sent is a groupchat message with nothing in it: clients ignore it, and the host of a session
 * that is gone bounces it, which removes that session with status 333. Whoever says nothing is there. Who may not be in
 * the room any more is not asked but removed.
 */
export function askWhoIsThere(service: Service): void {
  for (const room of service.directory.live()) askRoom(service, room);
}

function askRoom(service: Service, room: LiveRoom): void {
  const isRemote = ({ jid }: { readonly jid: string }): boolean => service.records.isRemote(jid);
  if (!room.occupancy.targets.some(isRemote)) return;
  const question = xml("message", { type: "groupchat", from: room.jid, id: randomUUID() });
  void room.run(() => {
    removeUnwelcome(room);
    const remote = room.occupancy.targets.filter(isRemote);
    if (remote.length > 0) service.module.deliver(new StanzaTemplate(question), remote);
  });
}

/** While this process was not running, somebody may have been banned, or lost the affiliation that let them in. */
function removeUnwelcome(room: LiveRoom): void {
  for (const occupant of room.occupancy.list()) {
    const affiliation = room.getAffiliation(occupant.bareJid);
    if (room.getDefaultRole(affiliation) !== "none") continue;
    takeOut(room, occupant, { codes: [affiliation === "outcast" ? "301" : "321"] });
  }
}
