import { GLOBAL, type Config, type ConfigProblem, type ConfigValue, type Position } from "../config/config.js";

/** A configuration as `chorusctl module check` uses it: with one module left out, and more places to find modules in. */
export class CheckedConfig implements Config {
  readonly #config: Config;
  readonly #without: string;
  readonly #places: readonly string[];
  /** Names of the options that were asked for since this was emptied. */
  readonly asked = new Set<string>();

  /**
   * @param without name of the module that is loaded when all others are
   * @param isTheirs whether somebody wrote it; otherwise it was made up for the check
   */
  constructor(
    config: Config,
    without: string,
    places: readonly string[],
    readonly isTheirs: boolean,
  ) {
    this.#config = config;
    this.#without = without;
    this.#places = places;
  }

  get file(): string {
    return this.#config.file;
  }

  get hosts(): Config["hosts"] {
    return this.#config.hosts;
  }

  get problems(): readonly ConfigProblem[] {
    return this.#config.problems;
  }

  /** Whether the configuration itself enables the module in a section. */
  enables(host: string): boolean {
    return [this.#config.getOwn(host, "modules_enabled")].flat().includes(this.#without);
  }

  get(host: string, key: string): ConfigValue | undefined {
    this.asked.add(key);
    return this.#changed(key, this.#config.get(host, key));
  }

  getOwn(host: string, key: string): ConfigValue | undefined {
    this.asked.add(key);
    const value = this.#config.getOwn(host, key);
    return value === undefined && host !== GLOBAL ? undefined : this.#changed(key, value);
  }

  #changed(key: string, value: ConfigValue | undefined): ConfigValue | undefined {
    if (key === "plugin_paths") return [...this.#places, ...(value === undefined ? [] : [value].flat())];
    if (key !== "modules_enabled" || value === undefined) return value;
    return [value].flat().filter((name) => name !== this.#without);
  }

  positionOf(host: string, key: string, item?: string): Position | undefined {
    return this.#config.positionOf(host, key, item);
  }

  keys(host: string): readonly string[] {
    return this.#config.keys(host);
  }

  report(problem: ConfigProblem): void {
    this.#config.report(problem);
  }
}
