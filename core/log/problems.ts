import type { LoadedConfig } from "../config/loaded-config.js";
import { formatProblem } from "../config/problem.js";
import type { Logger } from "./logger.js";

/**
 * Writes the problems of a configuration to the log: those known now, and each that is found later.
 * @returns stops it
 */
export function logProblems(config: LoadedConfig, logger: Logger): () => void {
  const write = (problem: (typeof config.problems)[number]): void => {
    logger.log(problem.severity === "error" ? "error" : "warn", "%s", formatProblem(problem));
  };
  config.problems.forEach(write);
  return config.onProblem(write);
}
