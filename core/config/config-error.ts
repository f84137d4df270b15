import type { ConfigProblem } from "./config.js";
import { formatProblem } from "./problem.js";

/**
 * Why a configuration cannot be used at all; everything less is a {@link ConfigProblem} of the loaded configuration.
 * `docs/errors.md` has cause and remedy of each code.
 */
export type ConfigErrorCode =
  | "CONFIG_FILE"
  | "CONFIG_SYNTAX"
  | "CONFIG_RUNTIME"
  | "CONFIG_INCLUDE"
  | "CONFIG_CREDENTIAL"
  | "CONFIG_HOST"
  | "CONFIG_TIMEOUT"
  | "CONFIG_MEMORY";

/** A configuration that cannot be used; its message is every problem on a line of its own. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** Of the first problem that stopped the loading. */
  readonly code: ConfigErrorCode;
  /** All that was found, warnings too, in the order of evaluation. */
  readonly problems: readonly ConfigProblem[];

  constructor(code: ConfigErrorCode, problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.code = code;
    this.problems = problems;
  }
}
