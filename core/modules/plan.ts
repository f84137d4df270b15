import { GLOBAL, type Config, type HostSection } from "../config/config.js";
import { Options } from "../config/options.js";
import type { ModuleFinder } from "./finder.js";

/** What is loaded without being named; see `modules/autoload.ts`. */
export interface Autoload {
  readonly virtualHost: readonly string[];
  readonly inheritable: readonly string[];
  readonly global: readonly string[];
}

/** Which modules a configuration asks for, by Prosody's set arithmetic (`modules_enabled`, `modules_disabled`). */
export class ModulePlan {
  readonly #config: Config;
  readonly #autoload: Autoload;
  readonly #finder: ModuleFinder;

  constructor(config: Config, autoload: Autoload, finder: ModuleFinder) {
    this.#config = config;
    this.#autoload = autoload;
    this.#finder = finder;
  }

  /** Whether a module must not be loaded on a host, be it as somebody's dependency. */
  isDisabled(host: string, name: string): boolean {
    return new Options(this.#config, host).getOptionInheritedSet("modules_disabled").has(name);
  }

  /** Modules of the whole server; those that turn out to belong to hosts are left to the hosts. */
  forServer(): string[] {
    return this.#known(GLOBAL, this.#minus(this.#autoload.global, GLOBAL));
  }

  /**
   * Modules of a host, in order, its own component module left out.
   * @param standard the set that comes with its component module
   */
  forHost(section: HostSection, standard: readonly string[] = []): string[] {
    const { name } = section;
    const global = this.#own(GLOBAL, "modules_enabled");
    const own = this.#own(name, "modules_enabled");
    const inherited =
      section.type === "VirtualHost"
        ? this.#minus([...this.#autoload.virtualHost, ...global], GLOBAL)
        : this.#minus(
            [...global].filter((module) => this.#autoload.inheritable.includes(module)),
            GLOBAL,
          );
    return this.#known(name, [
      ...new Set([...this.#minus([...standard, ...inherited], name), ...this.#minus(own, name)]),
    ]);
  }

  #own(host: string, option: string): string[] {
    const value = this.#config.getOwn(host, option);
    if (value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");
  }

  #minus(names: readonly string[], host: string): string[] {
    const disabled = new Set(this.#own(host, "modules_disabled"));
    return names.filter((name) => !disabled.has(name));
  }

  /** Leaves out what does not exist here, and tells of each once. */
  #known(host: string, names: readonly string[]): string[] {
    return names.filter((name) => {
      if (this.#finder.find(name)) return true;
      this.#config.report({
        severity: "warning",
        position: this.#config.positionOf(host, "modules_enabled", name),
        message: `modules_enabled: expected the name of a module that exists here, got "${name}"; it is left out`,
      });
      return false;
    });
  }
}
