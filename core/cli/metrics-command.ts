import type { Metrics } from "../metrics/metrics.js";
import type { StorageCounters } from "../storage/database.js";
import { EXIT_USAGE, type Command } from "./command.js";

const STORAGE: Readonly<Record<keyof StorageCounters, readonly [name: string, description: string]>> = {
  batches: ["chorus_storage_batches_total", "Batches written to the database"],
  syncedBatches: [
    "chorus_storage_synced_batches_total",
    "Batches that were waited for until they were on disk (fsync)",
  ],
  reads: ["chorus_storage_reads_total", "Records read from the database"],
};

/**
 * `metrics`: what modules have measured, and what the database has done, for whoever collects such things.
 * @param counters of the database on disk; `undefined` when all is in memory
 */
export function metricsCommand(
  metrics: Pick<Metrics, "text" | "family">,
  counters: () => StorageCounters | undefined,
): Command {
  let told: StorageCounters = { batches: 0, syncedBatches: 0, reads: 0 };
  const update = (): void => {
    const present = counters();
    if (!present) return;
    for (const [key, [name, description]] of Object.entries(STORAGE) as [keyof StorageCounters, [string, string]][]) {
      metrics.family("counter", name, [], { description }).add(present[key] - told[key]);
    }
    told = present;
  };
  return {
    name: "metrics",
    summary: "print what modules have measured, in the text format of Prometheus",
    usage: "metrics",
    run: async (args, io) => {
      if (args.length > 0) return EXIT_USAGE;
      update();
      for (const line of (await metrics.text()).split("\n")) if (line !== "") io.print(line);
      return 0;
    },
  };
}
