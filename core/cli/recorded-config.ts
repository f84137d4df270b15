import type { Config, ConfigProblem, ConfigValue, Position } from "../config/config.js";

/** A configuration that remembers which options it was asked for. */
export class RecordedConfig implements Config {
  /** Names of the options that were asked for since this was emptied. */
  readonly asked = new Set<string>();

  constructor(private readonly config: Config) {}

  get file(): string {
    return this.config.file;
  }

  get hosts(): Config["hosts"] {
    return this.config.hosts;
  }

  get problems(): readonly ConfigProblem[] {
    return this.config.problems;
  }

  get(host: string, key: string): ConfigValue | undefined {
    this.asked.add(key);
    return this.config.get(host, key);
  }

  getOwn(host: string, key: string): ConfigValue | undefined {
    this.asked.add(key);
    return this.config.getOwn(host, key);
  }

  positionOf(host: string, key: string, item?: string): Position | undefined {
    return this.config.positionOf(host, key, item);
  }

  keys(host: string): readonly string[] {
    return this.config.keys(host);
  }

  report(problem: ConfigProblem): void {
    this.config.report(problem);
  }
}
