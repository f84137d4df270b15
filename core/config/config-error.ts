import type { ConfigProblem } from "./config.js";
import { formatProblem } from "./problem.js";

/**
 * Why a configuration cannot be used at all; everything less is a {@link ConfigProblem} of the loaded configuration.
 *
 * | code | cause |
 * | --- | --- |
 * | `CONFIG_FILE` | the file cannot be read |
 * | `CONFIG_SYNTAX` | it is not Lua |
 * | `CONFIG_RUNTIME` | evaluating it raised an error, or asked for what a configuration may not do |
 * | `CONFIG_INCLUDE` | a file named by `Include`, `FileContents`, `FileLine` or `FileLines` cannot be read |
 * | `CONFIG_CREDENTIAL` | `Credential` without a folder of credentials, or without that credential |
 * | `CONFIG_HOST` | a section without a usable name, or two of different types with the same name |
 * | `CONFIG_TIMEOUT` | evaluating it took too long |
 * | `CONFIG_MEMORY` | evaluating it needed too much memory |
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
