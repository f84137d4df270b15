import { rm } from "node:fs/promises";
import { Latencies } from "../load/latencies.js";
import type { LoadClient } from "../load/client.js";
import { listRooms } from "../load/room-list.js";
import { usageOf } from "../process-usage.js";
import { storedData } from "../seed/import.js";
import { idleRoom } from "../seed/prosody-files.js";
import { startChorus } from "../servers/chorus.js";
import { ROOMS } from "../servers/server.js";
import { inTurn, measure, settle, withServer, type Bench, type Measurement, type Workload } from "./workload.js";

type Figures = Record<string, number>;

/** What rooms cost that nobody is in: stored ones, and such as are kept in memory. */
export const roomsIdle: Workload = {
  name: "rooms-idle",
  servers: ["chorus"],
  run: inTurn(async (name, bench) => {
    const measurements: Measurement[] = [];
    const empty = await start(bench, undefined);
    measurements.push({ workload: "rooms-idle, none stored", server: name, figures: empty });
    const data = await storedData(bench);
    try {
      const full = await start(bench, data);
      const added = (full["rssBytes"] ?? NaN) - (empty["rssBytes"] ?? NaN);
      const figures = { ...full, addedRssBytes: added, ...(await live(bench, data)) };
      measurements.push({ workload: "rooms-idle, stored", server: name, figures });
    } finally {
      await rm(data, { recursive: true });
    }
    return measurements;
  }),
};

/** A start, and with stored rooms the first things that somebody asks for. */
async function start({ launch, profile, sizes }: Bench, data: string | undefined): Promise<Figures> {
  const began = performance.now();
  const starting = startChorus(launch, { profile, ...(data !== undefined && { data }) });
  return withServer(starting, async (server, login) => {
    const startMs = performance.now() - began;
    const startCpuMs = usageOf(server.pid).cpuMicros / 1000;
    await settle(server);
    const { rssBytes } = usageOf(server.pid);
    const figures = { startMs, startCpuMs, rssBytes };
    if (data === undefined) return figures;
    const [client] = (await login(1)) as [LoadClient];
    const asked = performance.now();
    await visit(client, idleRoom(sizes.stored.rooms - 1));
    const firstJoinMs = performance.now() - asked;
    return { ...figures, firstJoinMs, ...(await listPages(client, server, sizes.stored.pages)) };
  });
}

/** The first page of the list of rooms, for which their addresses are read, and then pages one after the other. */
async function listPages(client: LoadClient, server: Parameters<typeof measure>[0], pages: number): Promise<Figures> {
  const began = performance.now();
  let after = (await listRooms(client)).after;
  const firstListPageMs = performance.now() - began;
  const { cpuMicrosPerDelivery, latencyP50Ms } = await measure(server, async () => {
    const latencies = new Latencies();
    for (let number = 0; number < pages; number++) {
      const asked = performance.now();
      after = (await listRooms(client, after)).after;
      latencies.add(performance.now() - asked);
    }
    return { latencies, deliveries: pages };
  });
  return { firstListPageMs, listPageCpuMicros: cpuMicrosPerDelivery ?? NaN, listPageP50Ms: latencyP50Ms ?? NaN };
}

/** Rooms that somebody has entered and left again, all of them kept in memory. */
async function live({ launch, sizes }: Bench, data: string): Promise<Figures> {
  const count = sizes.stored.live;
  const starting = startChorus(launch, { data, memory: true, rooms: `muc_room_cache_size = ${count + 1}` });
  return withServer(starting, async (server, login) => {
    const [client] = (await login(1)) as [LoadClient];
    await visit(client, idleRoom(count)); // what comes with the first
    const before = await server.usedMemory();
    for (let number = 0; number < count; number++) await visit(client, idleRoom(number));
    await settle(server);
    return { bytesPerLiveRoom: ((await server.usedMemory()) - before) / count };
  });
}

/** Enters a room, and leaves it. */
async function visit(client: LoadClient, room: string): Promise<void> {
  await client.exchange(
    `<presence to='${room}@${ROOMS}/visitor'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
    /<subject/,
  );
  await client.exchange(`<presence type='unavailable' to='${room}@${ROOMS}/visitor'/>`, /<\/presence>/);
}
