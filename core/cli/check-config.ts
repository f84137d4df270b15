import { ConfigError } from "../config/config-error.js";
import type { ConfigProblem } from "../config/config.js";
import { readLogRules } from "../log/sinks.js";
import { Service } from "../main.js";
import { openStorage } from "../storage/open.js";
import type { CommandIo } from "./command.js";
import { problemLines, readConfig } from "./problems.js";
import { silentLogger } from "./stderr-logger.js";

/**
 * `chorusctl check config`: reads the configuration, loads all modules on an empty database in memory, so that they
 * look at their options, and opens no listener and no link.
 *
 * @returns 0, or 1 with every problem printed as `file:line: what, expected, got`
 */
export async function checkConfig(file: string, io: CommandIo): Promise<number> {
  const problems = await problemsOf(file);
  for (const line of problemLines(problems)) io.print(line);
  if (problems.length > 0) return 1;
  io.print(`${file}: no problems`);
  return 0;
}

async function problemsOf(file: string): Promise<readonly ConfigProblem[]> {
  let config;
  try {
    config = await readConfig(file);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  readLogRules(config);
  const storage = await openStorage({ driver: "memory" });
  const service = await Service.create({ config, logger: silentLogger, storage });
  // Those of the configuration itself: what modules say while they are taken down again is none.
  const problems = [...config.problems];
  await service.stop("The check is over");
  return problems;
}
