import { Latencies } from "../load/latencies.js";
import { RoomLoad, type Talk } from "../load/room.js";
import { usageOf } from "../process-usage.js";
import { startRooms } from "../servers/rooms.js";
import { ROOMS } from "../servers/server.js";
import {
  inTurn,
  measure,
  warmUp,
  settle,
  withServer,
  type Bench,
  type Measurement,
  type Workload,
} from "./workload.js";

/** How the cost grows with occupants of one room, and with rooms of a few occupants. */
export const scale: Workload = {
  name: "scale",
  servers: ["chorus"],
  once: true,
  run: inTurn(async (_name, bench) => {
    const { occupants, rooms, deliveries } = bench.sizes.scale;
    const measurements: Measurement[] = [];
    for (const count of occupants) measurements.push(await talkIn(bench, 1, count, deliveries));
    for (const count of rooms)
      measurements.push(await talkIn(bench, count, bench.sizes.rooms200.occupants, deliveries));
    return measurements;
  }),
};

/** One sender in each room, with one message under way. */
async function talkIn(bench: Bench, rooms: number, occupants: number, deliveries: number): Promise<Measurement> {
  return withServer(startRooms("chorus", bench), async (server, login) => {
    await settle(server);
    const empty = usageOf(server.pid).rssBytes;
    const loads: RoomLoad[] = [];
    for (let number = 0; number < rooms; number++) {
      const load = new RoomLoad(`room-${number}@${ROOMS}`, await login(occupants));
      await load.join(10);
      loads.push(load);
    }
    await settle(server);
    const rssPerOccupantBytes = (usageOf(server.pid).rssBytes - empty) / (rooms * occupants);
    const messages = Math.max(1, Math.round(deliveries / (rooms * occupants)));
    const talk = (some: Talk, latencies?: Latencies): Promise<unknown> =>
      Promise.all(loads.map((load) => load.talk(some, latencies)));
    await talk({ senders: 1, messages: warmUp(server, messages), inFlight: 1 });
    const figures = await measure(server, async () => {
      const latencies = new Latencies();
      await talk({ senders: 1, messages, inFlight: 1 }, latencies);
      return { latencies, deliveries: rooms * occupants * messages };
    });
    for (const load of loads) load.check();
    const cpuMicrosPerMessage = (figures["cpuMicrosPerDelivery"] ?? NaN) * occupants;
    return {
      workload: `scale, rooms: ${rooms}, occupants of each: ${occupants}`,
      server: "chorus",
      figures: { ...figures, cpuMicrosPerMessage, rssPerOccupantBytes },
    };
  });
}
