import {
  GLOBAL,
  type Config,
  type ConfigProblem,
  type ConfigValue,
  type HostSection,
  type Position,
} from "./config.js";
import type { EvaluatedOption } from "./evaluation.js";

interface Setting {
  readonly value: ConfigValue;
  readonly position: Position;
  readonly items: ReadonlyMap<string, number>;
}

/** A configuration that was evaluated. Problems found while it is in use are kept here too, and told to listeners. */
export class LoadedConfig implements Config {
  readonly file: string;
  #hosts: readonly HostSection[];
  #sections = new Map<string, Map<string, Setting>>();
  readonly #problems: ConfigProblem[] = [];
  readonly #known = new Set<string>();
  readonly #listeners = new Set<(problem: ConfigProblem) => void>();

  constructor(file: string, hosts: readonly HostSection[], options: readonly EvaluatedOption[]) {
    this.file = file;
    this.#hosts = hosts;
    for (const { section, key, ...setting } of options) {
      let settings = this.#sections.get(section);
      if (!settings) this.#sections.set(section, (settings = new Map()));
      settings.set(key, setting);
    }
  }

  get hosts(): readonly HostSection[] {
    return this.#hosts;
  }

  /** All that was told so far, in that order. */
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

  positionOf(host: string, key: string, item?: string): Position | undefined {
    if (item !== undefined) {
      // Some lists are read from both sections: the item is looked for in each.
      for (const setting of [this.#sections.get(host)?.get(key), this.#sections.get(GLOBAL)?.get(key)]) {
        const line = setting?.items.get(item);
        if (setting && line !== undefined) return { file: setting.position.file, line };
      }
    }
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
   * Takes the values of another configuration in, in place of its own, for everybody who holds this one (SIGHUP); its
   * problems are added to those known.
   */
  adopt(other: LoadedConfig): void {
    this.#hosts = other.#hosts;
    this.#sections = other.#sections;
    for (const problem of other.problems) this.report(problem);
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
