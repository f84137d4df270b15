import { RoomLoad } from "../load/room.js";
import { usageOf } from "../process-usage.js";
import { HOSTS, startAttached } from "../servers/attached.js";
import { isMissing } from "../servers/rooms.js";
import { ROOMS } from "../servers/server.js";
import { measure, warmUp, settle, withServer, type Measurement, type Workload } from "./workload.js";

/** `room-100` for the users of another server: what the component costs, and what that server pays to route. */
export const attached: Workload = {
  name: "attached",
  servers: ["chorus", "bare"],
  async run(name, bench) {
    const measurements: Measurement[] = [];
    for (const host of HOSTS) {
      if ((await isMissing(host)) !== undefined) continue;
      await withServer(startAttached(bench, name === "chorus" ? "chorus" : "bare", host), async (server, login) => {
        const { occupants, messages } = bench.sizes.room100;
        const room = new RoomLoad(`room-100@${ROOMS}`, await login(occupants));
        await room.join(1);
        await room.talk({ senders: 1, messages: warmUp(server, messages), inFlight: 10 });
        for (const inFlight of [1, 10]) {
          await settle(server.host);
          const before = usageOf(server.host.pid).cpuMicros;
          const figures = await measure(server, async () => ({
            latencies: await room.talk({ senders: 1, messages, inFlight }),
            deliveries: occupants * messages,
          }));
          room.check();
          const hostCpuMicrosPerDelivery = (usageOf(server.host.pid).cpuMicros - before) / (occupants * messages);
          measurements.push({
            workload: `attached to ${host}, ${inFlight} in flight`,
            server: name,
            figures: { ...figures, hostCpuMicrosPerDelivery },
          });
        }
      });
    }
    return measurements;
  },
};
