import { RoomLoad } from "../load/room.js";
import { startRooms } from "../servers/rooms.js";
import { ROOMS } from "../servers/server.js";
import { inTurn, measure, warmUp, SERVERS, withServer, type Measurement, type Workload } from "./workload.js";

/** One sender to a hundred: once waiting for each message to have arrived, once with ten under way. */
export const room100: Workload = {
  name: "room-100",
  servers: SERVERS,
  run: inTurn((name, bench) =>
    withServer(startRooms(name, bench), async (server, login) => {
      const { occupants, messages } = bench.sizes.room100;
      const room = new RoomLoad(`room-100@${ROOMS}`, await login(occupants));
      await room.join(10);
      const measurements: Measurement[] = [];
      await room.talk({ senders: 1, messages: warmUp(server, messages), inFlight: 10 });
      for (const inFlight of [1, 10]) {
        const figures = await measure(server, async () => ({
          latencies: await room.talk({ senders: 1, messages, inFlight }),
          deliveries: occupants * messages,
        }));
        room.check();
        measurements.push({ workload: `room-100, ${inFlight} in flight`, server: name, figures });
      }
      return measurements;
    }),
  ),
};
