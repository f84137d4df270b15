import type { Arguments } from "./arguments.js";
import type { Bench, Measurement } from "./workloads/workload.js";

/**
 * Runs the workloads, the servers taking turns in each round.
 * @param onMeasured told of each measurement at once, with all so far
 */
export async function run(
  bench: Bench,
  { workloads, servers, rounds }: Pick<Arguments, "workloads" | "servers" | "rounds">,
  onMeasured: (round: number, measurement: Measurement, all: readonly Measurement[]) => void,
): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads.filter(({ once }) => once !== true || round === 1)) {
      const measured = servers.filter((name) => workload.servers.includes(name));
      for await (const measurement of workload.run(measured, bench)) {
        all.push(measurement);
        onMeasured(round, measurement, all);
      }
    }
  }
  return all;
}
