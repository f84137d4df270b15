import type { Config, ConfigProblem } from "./config.js";

/** A problem as it is printed: `file:line: what, expected, got`; without a position, the message alone. */
export function formatProblem(problem: ConfigProblem): string {
  const { position, message } = problem;
  return position === undefined ? message : `${position.file}:${position.line}: ${message}`;
}

const SECRET = /secret|passw|token|key/i;
const LONGEST_VALUE = 60; // characters of a value that are worth repeating

/**
 * A value of the configuration in words: `"many"`, `1.5`, `a list of 3`, `a table`.
 *
 * @param option what it is the value of; values of options that sound like secrets are not repeated
 */
export function describeValue(value: unknown, option = ""): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "a table";
  if (SECRET.test(option)) return `a ${typeof value}`;
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/**
 * Tells the configuration about an option that turned out to be wrong, at load or later while running: the way for
 * whoever looks closer at a value than its type (a module that does not exist, a folder that cannot be written).
 *
 * @param host section the option was looked up in, `"*"` for the global one; its position is where the value was found
 * @param message what stands behind the name: `expected an integer, got "many"`
 * @param item the string in the option's list that it is about
 */
export function reportOption(
  config: Config,
  host: string,
  option: string,
  message: string,
  severity: ConfigProblem["severity"] = "error",
  item?: string,
): void {
  config.report({ severity, position: config.positionOf(host, option, item), message: `${option}: ${message}` });
}
