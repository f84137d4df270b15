import { Latencies } from "../load/latencies.js";
import { ask, makePersistent } from "../load/owner.js";
import { RoomLoad } from "../load/room.js";
import { startChorus } from "../servers/chorus.js";
import { ROOMS } from "../servers/server.js";
import { inTurn, measure, withServer, type Workload } from "./workload.js";

/** Batches that were written with fsync. */
const SYNCED = "chorus_storage_synced_batches_total";

/** Owners change affiliations in rooms of their own, all at once, each waiting for the answer: how many share an fsync. */
export const durable: Workload = {
  name: "durable",
  servers: ["chorus"],
  run: inTurn((name, { launch, profile, sizes }) =>
    withServer(startChorus(launch, { profile }), async (server, login) => {
      const { owners, changes } = sizes.durable;
      const clients = await login(owners);
      for (const [index, client] of clients.entries()) {
        await new RoomLoad(`room-${index}@${ROOMS}`, [client]).join(1);
        await makePersistent(client, `room-${index}@${ROOMS}`);
      }
      const before = await server.metric(SYNCED);
      const latencies = new Latencies();
      const { cpuMicrosPerDelivery, deliveriesPerSecond, ...figures } = await measure(server, async () => {
        await Promise.all(
          clients.map(async (client, index) => {
            for (let number = 0; number < changes; number++) {
              const began = performance.now();
              await ask(
                client,
                `<iq type='set' id='change-${number}' to='room-${index}@${ROOMS}'><query xmlns='http://jabber.org/protocol/muc#admin'>` +
                  `<item jid='member-${number}@localhost' affiliation='member'/></query></iq>`,
              );
              latencies.add(performance.now() - began);
            }
          }),
        );
        return { latencies, deliveries: owners * changes };
      });
      const after = await server.metric(SYNCED);
      if (before === undefined || after === undefined) throw new Error(`${SYNCED} is not among the metrics`);
      return [
        {
          workload: "durable",
          server: name,
          figures: {
            cpuMicrosPerChange: cpuMicrosPerDelivery ?? NaN,
            changesPerSecond: deliveriesPerSecond ?? NaN,
            changesPerFsync: (owners * changes) / (after - before),
            ...figures,
          },
        },
      ];
    }),
  ),
};
