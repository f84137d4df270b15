import { RoomLoad } from "../load/room.js";
import { startRooms } from "../servers/rooms.js";
import { ROOMS } from "../servers/server.js";
import { inTurn, measure, warmUp, SERVERS, withServer, type Workload } from "./workload.js";

/** Joins under way at a time. */
const JOINING = 10;

/** A thousand enter one room, which is measured as `join-1000`, and some of them talk. */
export const room1000: Workload = {
  name: "room-1000",
  servers: SERVERS,
  run: inTurn((name, bench) =>
    withServer(startRooms(name, bench), async (server, login) => {
      const { occupants, senders, messages } = bench.sizes.room1000;
      if (server.compiles) await new RoomLoad(`warm@${ROOMS}`, await login(Math.ceil(occupants / 3))).join(JOINING);
      const room = new RoomLoad(`room-1000@${ROOMS}`, await login(occupants));
      const joined = await measure(server, async () => ({ deliveries: await room.join(JOINING) }));
      room.check();
      await room.talk({ senders, messages: warmUp(server, messages), inFlight: 1 });
      const talked = await measure(server, async () => ({
        latencies: await room.talk({ senders, messages, inFlight: 1 }),
        deliveries: occupants * senders * messages,
      }));
      room.check();
      return [
        { workload: "join-1000", server: name, figures: joined },
        { workload: "room-1000", server: name, figures: talked },
      ];
    }),
  ),
};
