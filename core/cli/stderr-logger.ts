import { formatMessage } from "../log/format.js";
import type { Logger } from "../log/logger.js";

/** The log of a command that opens a service for itself: warnings and errors, on standard error. */
export function stderrLogger(name = "chorusctl"): Logger {
  return {
    name,
    log(level, format, ...args) {
      if (level === "warn" || level === "error") {
        process.stderr.write(`${name}: ${level}: ${formatMessage(format, args)}\n`);
      }
    },
    isEnabled: (level) => level === "warn" || level === "error",
    child: stderrLogger,
  };
}

/** The log of a service that is only looked at. */
export const silentLogger: Logger = {
  name: "silent",
  log: () => undefined,
  isEnabled: () => false,
  child: () => silentLogger,
};
