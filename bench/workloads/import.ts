import { importStored } from "../seed/import.js";
import { inTurn, type Workload } from "./workload.js";

/** Rooms and an archive are brought over from Prosody's files. */
export const importProsody: Workload = {
  name: "import",
  servers: ["chorus"],
  once: true,
  run: inTurn(async (name, bench) => {
    const { seconds, firstListSeconds, cpuMicros, peakRssBytes } = await importStored(bench);
    const { rooms, messages } = bench.sizes.stored;
    const figures = {
      seconds,
      firstListSeconds,
      cpuSeconds: cpuMicros / 1e6,
      recordsPerSecond: (rooms + messages) / seconds,
      peakRssBytes,
    };
    return [{ workload: "import", server: name, figures }];
  }),
};
