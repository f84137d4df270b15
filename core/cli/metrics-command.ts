import type { Metrics } from "../metrics/metrics.js";
import { EXIT_USAGE, type Command } from "./command.js";

/** `metrics`: what modules have measured, for whoever collects such things. */
export function metricsCommand(metrics: Pick<Metrics, "text">): Command {
  return {
    name: "metrics",
    summary: "print what modules have measured, in the text format of Prometheus",
    usage: "metrics",
    run: async (args, io) => {
      if (args.length > 0) return EXIT_USAGE;
      for (const line of (await metrics.text()).split("\n")) if (line !== "") io.print(line);
      return 0;
    },
  };
}
