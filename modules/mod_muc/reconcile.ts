import { randomUUID } from "node:crypto";
import { StanzaTemplate, xml } from "chorus-muc";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

/**
 * After the link to the host was down: asks every session of another server, without its user noticing, whether it is
 * still there. What is sent is a groupchat message with nothing in it: clients ignore it, and the host of a session
 * that is gone bounces it, which removes that session with status 333. Whoever says nothing is there.
 */
export function askWhoIsThere(service: Service): void {
  for (const room of service.directory.live()) askRoom(service, room);
}

function askRoom(service: Service, room: LiveRoom): void {
  const remote = room.occupancy.targets.filter(({ jid }) => service.records.isRemote(jid));
  if (remote.length === 0) return;
  const question = xml("message", { type: "groupchat", from: room.jid, id: randomUUID() });
  void room.run(() => {
    service.module.deliver(new StanzaTemplate(question), remote);
  });
}
