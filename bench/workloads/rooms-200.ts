import { Latencies } from "../load/latencies.js";
import { RoomLoad } from "../load/room.js";
import { usageOf } from "../process-usage.js";
import { startRooms } from "../servers/rooms.js";
import { ROOMS } from "../servers/server.js";
import { inTurn, measure, warmUp, settle, SERVERS, withServer, type Workload } from "./workload.js";

/** Many small rooms at the same time; also how much memory an occupant takes, its connection included. */
export const rooms200: Workload = {
  name: "rooms-200",
  servers: SERVERS,
  run: inTurn((name, bench) =>
    withServer(startRooms(name, bench), async (server, login) => {
      const { rooms: count, occupants, messages } = bench.sizes.rooms200;
      await settle(server);
      const empty = usageOf(server.pid).rssBytes;
      const rooms: RoomLoad[] = [];
      for (let number = 0; number < count; number++) {
        const room = new RoomLoad(`room-${number}@${ROOMS}`, await login(occupants));
        await room.join(1);
        rooms.push(room);
      }
      await settle(server);
      const full = usageOf(server.pid).rssBytes;
      const before = warmUp(server, messages);
      await Promise.all(rooms.map((room) => room.talk({ senders: 1, messages: before, inFlight: 1 })));
      const figures = await measure(server, async () => {
        const latencies = new Latencies();
        await Promise.all(rooms.map((room) => room.talk({ senders: 1, messages, inFlight: 1 }, latencies)));
        return { latencies, deliveries: count * occupants * messages };
      });
      for (const room of rooms) room.check();
      const rssPerOccupantBytes = (full - empty) / (count * occupants);
      return [{ workload: "rooms-200", server: name, figures: { ...figures, rssPerOccupantBytes } }];
    }),
  ),
};
