import { dirname, resolve } from "node:path";
import type { ModuleApi } from "../modules/api.js";
import { GLOBAL, type Config, type ConfigProblem } from "./config.js";
import { parsePeriod, readPeriod } from "./period.js";
import { describeValue, reportOption } from "./problem.js";

/** The getters of `module` that read the configuration; documented at {@link ModuleApi}. */
type OptionGetters = Pick<
  ModuleApi,
  | "getOption"
  | "getOptionScalar"
  | "getOptionString"
  | "getOptionNumber"
  | "getOptionInteger"
  | "getOptionBoolean"
  | "getOptionPeriod"
  | "getOptionEnum"
  | "getOptionArray"
  | "getOptionSet"
  | "getOptionInheritedSet"
  | "getOptionPath"
>;

const NUMERAL = /^\s*[-+]?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*$/i;

/** A folder named in the configuration; relative ones start from the configuration's own folder. */
function fromConfig(config: Config, path: string): string {
  return resolve(dirname(config.file), path);
}

/** Folder of everything that is stored: option `data_path`, default `data` beside the configuration. Absolute. */
export function dataPath(config: Config): string {
  return fromConfig(config, new Options(config, GLOBAL).getOptionString("data_path", "data"));
}

/**
 * The options of one host: its section's, else the global ones (Prosody: `module:get_option_*`).
 *
 * Nothing here throws. A value that cannot be used is reported to the configuration, with its position, and the
 * fallback is used in its place.
 */
export class Options implements OptionGetters {
  readonly #config: Config;
  readonly #host: string;

  /** @param host a prepared name; `"*"` for the global section */
  constructor(config: Config, host: string) {
    this.#config = config;
    this.#host = host;
  }

  /**
   * Tells the operator about an option's value, at load or later.
   * @param message what stands behind the name: `expected an integer, got "many"`
   */
  report(name: string, message: string, severity: ConfigProblem["severity"] = "error"): void {
    reportOption(this.#config, this.#host, name, message, severity);
  }

  #refuse(name: string, expected: string, value: unknown): undefined {
    this.report(name, `expected ${expected}, got ${describeValue(value, name)}`);
    return undefined;
  }

  /** A single value; of a list the first item, as in Prosody. */
  #scalar(name: string, expected: string): string | number | boolean | undefined {
    let value: unknown = this.#config.get(this.#host, name);
    if (Array.isArray(value)) {
      if (value.length > 1) this.report(name, `expected ${expected}, got a list of ${value.length}; its first is used`);
      value = value[0];
    }
    if (typeof value !== "object") return value as string | number | boolean | undefined;
    return this.#refuse(name, expected, value);
  }

  #clamped(name: string, value: number, min: number | undefined, max: number | undefined): number {
    if (min !== undefined && value < min) {
      this.report(name, `expected at least ${min}, got ${value}; ${min} is used`, "warning");
      return min;
    }
    if (max !== undefined && value > max) {
      this.report(name, `expected at most ${max}, got ${value}; ${max} is used`, "warning");
      return max;
    }
    return value;
  }

  getOption(name: string, fallback?: unknown): unknown {
    const value = this.#config.get(this.#host, name);
    return value === undefined ? fallback : structuredClone(value);
  }

  getOptionScalar(name: string): string | number | boolean | undefined;
  getOptionScalar<T extends string | number | boolean>(name: string, fallback: T): string | number | boolean;
  getOptionScalar(name: string, fallback?: string | number | boolean): string | number | boolean | undefined {
    return this.#scalar(name, "a single value") ?? fallback;
  }

  getOptionString(name: string): string | undefined;
  getOptionString(name: string, fallback: string): string;
  getOptionString(name: string, fallback?: string): string | undefined {
    const value = this.#scalar(name, "a string");
    return value === undefined ? fallback : String(value);
  }

  /** @returns `undefined` also for what is no number, which is reported then */
  #number(name: string, expected: string): number | undefined {
    const value = this.#scalar(name, expected);
    if (value === undefined || typeof value === "number") return value;
    return typeof value === "string" && NUMERAL.test(value) ? Number(value) : this.#refuse(name, expected, value);
  }

  getOptionNumber(name: string): number | undefined;
  getOptionNumber(name: string, fallback: number, min?: number, max?: number): number;
  getOptionNumber(name: string, fallback?: number, min?: number, max?: number): number | undefined {
    const value = this.#number(name, "a number");
    if (value === undefined || value === fallback) return fallback;
    return this.#clamped(name, value, min, max);
  }

  getOptionInteger(name: string): number | undefined;
  getOptionInteger(name: string, fallback: number, min?: number, max?: number): number;
  getOptionInteger(name: string, fallback?: number, min?: number, max?: number): number | undefined {
    let value = this.#number(name, "an integer");
    if (value === undefined || value === fallback) return fallback;
    if (!Number.isFinite(value)) {
      this.#refuse(name, "an integer", value);
      return fallback;
    }
    if (!Number.isInteger(value)) {
      const whole = Math.floor(value);
      this.report(name, `expected an integer, got ${value}; ${whole} is used`, "warning");
      value = whole;
    }
    return this.#clamped(name, value, min, max);
  }

  getOptionBoolean(name: string): boolean | undefined;
  getOptionBoolean(name: string, fallback: boolean): boolean;
  getOptionBoolean(name: string, fallback?: boolean): boolean | undefined {
    const value = this.#scalar(name, "true or false");
    if (value === undefined) return fallback;
    if (value === true || value === "true" || value === 1) return true;
    if (value === false || value === "false" || value === 0) return false;
    this.#refuse(name, "true or false", value);
    return fallback;
  }

  getOptionPeriod(name: string): number | undefined;
  getOptionPeriod(name: string, fallback: number | string, min?: number | string, max?: number | string): number;
  getOptionPeriod(
    name: string,
    fallback?: number | string,
    min?: number | string,
    max?: number | string,
  ): number | undefined {
    const expected = 'a number of seconds or a period like "2 weeks"';
    const seconds = this.#period(name, expected);
    if (seconds === undefined) return fallback === undefined ? undefined : bound(fallback);
    return this.#clamped(
      name,
      seconds,
      min === undefined ? undefined : bound(min),
      max === undefined ? undefined : bound(max),
    );
  }

  #period(name: string, expected: string): number | undefined {
    const value = this.#scalar(name, expected);
    if (value === undefined) return undefined;
    if (value === false) return Infinity; // as in Prosody: disables what happens periodically
    const read = value === true ? undefined : readPeriod(value);
    if (read === undefined) return this.#refuse(name, expected, value);
    if (read.isAmbiguous) {
      // COMPAT: Prosody 13 reads such periods in its own way and says so.
      const amount = Number.parseInt(String(value), 10);
      const examples = `"${amount} months" or "${amount} minutes"`;
      this.report(name, `expected a period like ${examples}, got ${describeValue(value)}; ${read.seconds} s are used`);
    }
    return read.seconds;
  }

  getOptionEnum<T extends string | boolean>(name: string, fallback: T, ...allowed: readonly T[]): T {
    const choices = [...new Set([fallback, ...allowed])];
    const expected = `one of ${choices.map((choice) => describeValue(choice)).join(", ")}`;
    const value = this.#scalar(name, expected);
    if (value === undefined) return fallback;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) this.#refuse(name, expected, value);
    return chosen ?? fallback;
  }

  #array(name: string, value: unknown): unknown[] | undefined {
    if (value === undefined) return undefined;
    if (Array.isArray(value)) return structuredClone(value as unknown[]);
    return typeof value === "object" ? this.#refuse(name, "a list", value) : [value];
  }

  getOptionArray(name: string, fallback: readonly unknown[] = []): unknown[] {
    return this.#array(name, this.#config.get(this.#host, name)) ?? [...fallback];
  }

  #strings(name: string, value: unknown): string[] | undefined {
    return this.#array(name, value)?.flatMap((item) => {
      if (typeof item === "string") return [item];
      if (typeof item === "number") return [String(item)];
      this.#refuse(name, "strings in the list", item);
      return [];
    });
  }

  getOptionSet(name: string, fallback: Iterable<string> = []): Set<string> {
    return new Set(this.#strings(name, this.#config.get(this.#host, name)) ?? fallback);
  }

  getOptionInheritedSet(name: string, fallback: Iterable<string> = []): Set<string> {
    const everywhere = new Options(this.#config, GLOBAL);
    const inherited = everywhere.#strings(name, this.#config.getOwn(GLOBAL, name));
    const own = this.#host === GLOBAL ? undefined : this.#strings(name, this.#config.getOwn(this.#host, name));
    return own === undefined && inherited === undefined
      ? new Set(fallback)
      : new Set([...(own ?? []), ...(inherited ?? [])]);
  }

  getOptionPath(name: string, fallback?: string, parent = "config"): string | undefined {
    const path = this.getOptionString(name) ?? fallback;
    return path === undefined ? undefined : resolve(this.#folder(parent), path);
  }

  #folder(parent: string): string {
    if (parent === "config") return dirname(this.#config.file);
    return parent === "data" ? dataPath(this.#config) : fromConfig(this.#config, parent);
  }
}

/** Bounds and fallbacks are written by programmers: one that is no period is a mistake of theirs. */
function bound(period: number | string): number {
  const seconds = parsePeriod(period);
  if (seconds === undefined)
    throw new TypeError(`getOptionPeriod: expected a period, received ${describeValue(period)}`);
  return seconds;
}
