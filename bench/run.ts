import type { Arguments } from "./arguments.js";
import type { Bench, Measurement } from "./workloads/workload.js";

/**
 * Runs the workloads, the servers taking turns in each round.
 * @param onMeasured told of each measurement at once
 * @param onRound told after each round of all measurements so far
 */
export async function run(
  bench: Bench,
  { workloads, servers, rounds }: Pick<Arguments, "workloads" | "servers" | "rounds">,
  onMeasured: (round: number, measurement: Measurement) => void,
  onRound: (round: number, measurements: readonly Measurement[]) => void = () => undefined,
): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads.filter(({ once }) => once !== true || round === 1)) {
      for (const server of servers.filter((name) => workload.servers.includes(name))) {
        for (const measurement of await workload.run(server, bench)) {
          onMeasured(round, measurement);
          all.push(measurement);
        }
      }
    }
    onRound(round, all);
  }
  return all;
}
