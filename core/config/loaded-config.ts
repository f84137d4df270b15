import type { Config, ConfigProblem, ConfigValue, HostSection, Position } from "./config.js";
import type { EvaluatedOption } from "./evaluation.js";

interface Setting {
  readonly value: ConfigValue;
  readonly position: Position;
}

/** Name of the global section. */
export const GLOBAL = "*";

/** A configuration that was evaluated. Problems found while it is in use are kept here too, and told to listeners. */
export class LoadedConfig implements Config {
  readonly file: string;
  readonly hosts: readonly HostSection[];
  readonly #sections = new Map<string, Map<string, Setting>>();
  readonly #problems: ConfigProblem[] = [];
  readonly #known = new Set<string>();
  readonly #listeners = new Set<(problem: ConfigProblem) => void>();

  constructor(file: string, hosts: readonly HostSection[], options: readonly EvaluatedOption[]) {
    this.file = file;
    this.hosts = hosts;
    for (const { section, key, value, position } of options) {
      let settings = this.#sections.get(section);
      if (!settings) this.#sections.set(section, (settings = new Map()));
      settings.set(key, { value, position });
    }
  }

  get problems(): readonly ConfigProblem[] {
    return this.#problems;
  }

  #find(host: string, key: string): Setting | undefined {
    return this.#sections.get(host)?.get(key) ?? this.#sections.get(GLOBAL)?.get(key);
  }

  get(host: string, key: string): ConfigValue | undefined {
    return this.#find(host, key)?.value;
  }

  getOwn(host: string, key: string): ConfigValue | undefined {
    return this.#sections.get(host)?.get(key)?.value;
  }

  positionOf(host: string, key: string): Position | undefined {
    return this.#find(host, key)?.position;
  }

  keys(host: string): readonly string[] {
    return [...(this.#sections.get(host)?.keys() ?? [])];
  }

  report(problem: ConfigProblem): void {
    const { position, message } = problem;
    const identity = `${position?.file ?? ""}\0${position?.line ?? ""}\0${message}`;
    if (this.#known.has(identity)) return;
    this.#known.add(identity);
    this.#problems.push(problem);
    for (const listener of this.#listeners) listener(problem);
  }

  /**
   * Tells problems as they are reported from now on; those found before are in `problems`.
   * @returns stops it
   */
  onProblem(listener: (problem: ConfigProblem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
