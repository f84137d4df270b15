import { resolve } from "node:path";
import { GLOBAL, type Config, type ConfigValue } from "../config/config.js";
import { dataPath } from "../config/options.js";
import { describeValue, reportOption } from "../config/problem.js";
import type { LogLevel } from "./logger.js";

/** All levels, lowest first. */
const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A place that log lines go to, and which of them. */
export interface SinkRule {
  /** Absolute path of a file; `undefined`: standard output. */
  readonly path: string | undefined;
  readonly levels: ReadonlySet<LogLevel>;
}

type Target = { kind: "console" } | { kind: "nowhere" } | { kind: "file"; path: string };

/**
 * Reads option `log` of the global section in all of Prosody's forms:
 *
 * - left out: standard output, from `info` on (from `debug` on with `debug = true`);
 * - `"chorus.log"`: that file, from the same level on; `"*console"`: standard output, everything;
 * - `{ info = "chorus.log", error = "*console", "*console", { levels = { min = "info" }, to = "file", filename = … } }`.
 *
 * Relative file names start from `data_path`, the folder that an installed Prosody runs in. Rules for one place are
 * one rule, so that no line is written there twice. What cannot be used is reported.
 */
export function readLogRules(config: Config): SinkRule[] {
  const rules = new Map<string | undefined, Set<LogLevel>>();
  const report = (message: string, severity: "error" | "warning" = "error"): void => {
    reportOption(config, GLOBAL, "log", message, severity);
  };

  const target = (value: ConfigValue | undefined, filename: ConfigValue | undefined): Target => {
    if (value === "*console" || value === "*stdout") return { kind: "console" };
    if (value === "*nowhere") return { kind: "nowhere" };
    if (value === "*file" && typeof filename === "string") return file(filename);
    if (typeof value === "string" && !value.startsWith("*")) return file(value);
    if (value === "*syslog") report('"*syslog" is not available, these lines go to the console', "warning");
    else report(`expected "*console" or a file name, got ${describeValue(value)}; these lines go to the console`);
    return { kind: "console" };
  };
  const file = (path: string): Target => ({ kind: "file", path: resolve(dataPath(config), path) });

  const add = (to: Target, levels: Iterable<LogLevel>): void => {
    if (to.kind === "nowhere") return;
    const path = to.kind === "file" ? to.path : undefined;
    rules.set(path, new Set([...(rules.get(path) ?? []), ...levels]));
  };

  const log = config.get(GLOBAL, "log");
  const usual = levelsFrom(config.get(GLOBAL, "debug") === true ? "debug" : "info");
  if (log === undefined) add({ kind: "console" }, usual);
  else if (typeof log === "string") add(target(log, undefined), log.startsWith("*") ? LOG_LEVELS : usual);
  else if (typeof log === "object") {
    for (const [key, value] of Object.entries(log)) {
      const level = LOG_LEVELS.find((name) => name === key);
      if (level) add(target(value, undefined), levelsFrom(level));
      else if (!/^\d+$/.test(key)) report(`expected one of ${LOG_LEVELS.join(", ")}, got ${describeValue(key)}`);
      else if (typeof value !== "object" || Array.isArray(value)) add(target(value, undefined), LOG_LEVELS);
      else {
        const to = typeof value["to"] === "string" ? `*${value["to"]}` : value["to"];
        add(target(to, value["filename"]), chosenLevels(value["levels"], report));
      }
    }
  } else {
    report(`expected a file name or a table, got ${describeValue(log)}`);
    add({ kind: "console" }, usual);
  }
  return [...rules].map(([path, levels]) => ({ path, levels }));
}

function levelsFrom(min: LogLevel): LogLevel[] {
  return LOG_LEVELS.slice(LOG_LEVELS.indexOf(min));
}

/** `{ min = "info", max = "warn" }`, `{ "debug", "error" }`, `"error"`; left out: all. */
function chosenLevels(levels: ConfigValue | undefined, report: (message: string) => void): LogLevel[] {
  if (levels === undefined) return [...LOG_LEVELS];
  const known = (value: ConfigValue): LogLevel | undefined => {
    const level = LOG_LEVELS.find((name) => name === value);
    if (level === undefined) report(`levels: expected one of ${LOG_LEVELS.join(", ")}, got ${describeValue(value)}`);
    return level;
  };
  if (typeof levels !== "object") return [known(levels)].filter((level) => level !== undefined);
  const { min, max, ...listed } = Array.isArray(levels) ? Object.fromEntries(levels.entries()) : levels;
  const chosen = Object.values(listed)
    .map(known)
    .filter((level) => level !== undefined);
  if (min === undefined && max === undefined) return chosen;
  const from = LOG_LEVELS.indexOf((min === undefined ? undefined : known(min)) ?? "debug");
  const to = LOG_LEVELS.indexOf((max === undefined ? undefined : known(max)) ?? "error");
  return [...chosen, ...LOG_LEVELS.slice(from, to + 1)];
}
