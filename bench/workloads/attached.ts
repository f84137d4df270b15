import { RoomLoad } from "../load/room.js";
import { usageOf } from "../process-usage.js";
import { HOSTS, startAttached, type AttachedServer, type HostName } from "../servers/attached.js";
import { isMissing } from "../servers/rooms.js";
import { ROOMS } from "../servers/server.js";
import { Meter, settle, warmUp, withServer, type Bench, type ServerName, type Workload } from "./workload.js";

/** So many messages, and the next component has its turn. */
const TURN_MESSAGES = 200;

/** A component, and the room in it that is talked in. */
interface Talking {
  readonly name: ServerName;
  readonly server: AttachedServer;
  readonly room: RoomLoad;
}

/**
 * `room-100` for the users of another server: what the component costs, and what that server pays to route.
 *
 * The components run at the same time, each with a host of its own, and take turns every few hundred milliseconds: what
 * they cost goes with what else the machine does more than one differs from the other.
 */
export const attached: Workload = {
  name: "attached",
  servers: ["chorus", "bare"],
  async *run(names, bench) {
    for (const host of HOSTS) {
      if ((await isMissing(host)) !== undefined) continue;
      yield* await withComponents(names, host, bench, async (components) => {
        const { messages } = bench.sizes.room100;
        // At the same time, as one that waits for the others meanwhile forgets some of what it has compiled.
        await Promise.all(
          components.map(({ server, room }) =>
            room.talk({ senders: 1, messages: warmUp(server, messages), inFlight: 10 }),
          ),
        );
        const measurements = [];
        for (const inFlight of [1, 10]) {
          for (const { name, figures } of await talkInTurns(components, inFlight, bench)) {
            measurements.push({ workload: `attached to ${host}, ${inFlight} in flight`, server: name, figures });
          }
        }
        return measurements;
      });
    }
  },
};

/** Starts components one after the other, has all occupants enter, and hands them to an action; ends them afterwards. */
async function withComponents<T>(
  [name, ...others]: readonly ServerName[],
  host: HostName,
  bench: Bench,
  action: (components: readonly Talking[]) => Promise<T>,
): Promise<T> {
  if (name === undefined) return action([]);
  const starting = startAttached(bench, name === "chorus" ? "chorus" : "bare", host);
  return withServer(starting, async (server, login) => {
    const room = new RoomLoad(`room-100@${ROOMS}`, await login(bench.sizes.room100.occupants));
    await room.join(1);
    return withComponents(others, host, bench, (rest) => action([{ name, server, room }, ...rest]));
  });
}

/** One sender in each room, the components taking turns, and each turn in the opposite order of the one before. */
async function talkInTurns(
  components: readonly Talking[],
  inFlight: number,
  { sizes: { room100 } }: Bench,
): Promise<readonly { readonly name: ServerName; readonly figures: Record<string, number> }[]> {
  const { occupants, messages } = room100;
  const measured = components.map((one) => ({ ...one, meter: new Meter(one.server), hostCpuMicros: 0 }));
  for (let done = 0; done < messages; done += TURN_MESSAGES) {
    const now = Math.min(TURN_MESSAGES, messages - done);
    for (const one of measured) {
      const { server, room, meter } = one;
      await settle(server.host);
      const before = usageOf(server.host.pid).cpuMicros;
      await meter.measure(async () => ({
        latencies: await room.talk({ senders: 1, messages: now, inFlight }),
        deliveries: occupants * now,
      }));
      room.check();
      one.hostCpuMicros += usageOf(server.host.pid).cpuMicros - before;
    }
    measured.reverse();
  }
  return measured.map(({ name, meter, hostCpuMicros }) => ({
    name,
    figures: { ...meter.figures(), hostCpuMicrosPerDelivery: hostCpuMicros / (occupants * messages) },
  }));
}
