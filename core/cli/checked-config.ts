import { GLOBAL, type Config, type ConfigValue } from "../config/config.js";
import { RecordedConfig } from "./recorded-config.js";

/** A configuration as `chorusctl module check` uses it: with one module left out, and more places to find modules in. */
export class CheckedConfig extends RecordedConfig {
  readonly #without: string;
  readonly #places: readonly string[];

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
    super(config);
    this.#without = without;
    this.#places = places;
  }

  /** Whether the configuration itself enables the module in a section. */
  enables(host: string): boolean {
    return [super.getOwn(host, "modules_enabled")].flat().includes(this.#without);
  }

  override get(host: string, key: string): ConfigValue | undefined {
    return this.#changed(key, super.get(host, key));
  }

  override getOwn(host: string, key: string): ConfigValue | undefined {
    const value = super.getOwn(host, key);
    return value === undefined && host !== GLOBAL ? undefined : this.#changed(key, value);
  }

  #changed(key: string, value: ConfigValue | undefined): ConfigValue | undefined {
    if (key === "plugin_paths") return [...this.#places, ...(value === undefined ? [] : [value].flat())];
    if (key !== "modules_enabled" || value === undefined) return value;
    return [value].flat().filter((name) => name !== this.#without);
  }
}
