import type { Arguments } from "./arguments.js";
import { startBare } from "./servers/bare.js";
import { startChorus } from "./servers/chorus.js";
import { ejabberdIsMissing, startEjabberdRooms } from "./servers/ejabberd.js";
import type { Launch } from "./servers/launch.js";
import { prosodyIsMissing, startProsodyRooms } from "./servers/prosody.js";
import type { Sizes } from "./workloads/sizes.js";
import type { Bench, Measurement, ServerName } from "./workloads/workload.js";

/** Why a server cannot be measured here, or `undefined`. */
export async function isMissing(server: ServerName): Promise<string | undefined> {
  switch (server) {
    case "prosody":
      return prosodyIsMissing();
    case "ejabberd":
      return ejabberdIsMissing();
    case "chorus":
    case "bare":
      return undefined;
  }
}

/** @param profile where Chorus puts profiles */
export function makeBench(launch: Launch, sizes: Sizes, profile?: string): Bench {
  return {
    sizes,
    start: async (server) => {
      switch (server) {
        case "chorus":
          return startChorus(launch, { ...(profile !== undefined && { profile }) });
        case "prosody":
          return startProsodyRooms(launch);
        case "ejabberd":
          return startEjabberdRooms(launch);
        case "bare":
          return startBare(launch);
      }
    },
  };
}

/** Runs the workloads, the servers taking turns in each round. @param onMeasured told of each measurement at once */
export async function run(
  bench: Bench,
  { workloads, servers, rounds }: Pick<Arguments, "workloads" | "servers" | "rounds">,
  onMeasured: (round: number, measurement: Measurement) => void,
): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads) {
      for (const server of servers.filter((name) => workload.servers.includes(name))) {
        for (const measurement of await workload.run(server, bench)) {
          onMeasured(round, measurement);
          all.push(measurement);
        }
      }
    }
  }
  return all;
}
