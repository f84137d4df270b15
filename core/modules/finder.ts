import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModuleClass, ModuleApi, ModuleInstance } from "./api.js";
import { directoryOf, findHelper } from "./files.js";
import { ModulePackages } from "./packages.js";
import { ModuleError, placeOf } from "./module-error.js";
import { loadOutside } from "./outside.js";

/** Where a module was found. */
export interface ModuleFile {
  readonly name: string;
  readonly path: string;
  /** Comes with Chorus: plain `import()`. Everything else is loaded afresh each time. */
  readonly builtIn: boolean;
}

const EXTENSIONS = [".ts", ".js", ".mjs"];

/** Looks modules up by name and loads their classes. */
export class ModuleFinder {
  readonly #pluginPaths: readonly string[];
  readonly #builtInPath: string;
  readonly #packages: ModulePackages | undefined;

  /**
   * @param pluginPaths absolute folders and files, searched in order, before everything else
   * @param packagesBeside folder whose `node_modules` is searched next, before the modules that come with Chorus
   */
  constructor(
    pluginPaths: readonly string[],
    builtInPath = resolve(import.meta.dirname, "../../modules"),
    packagesBeside?: string,
  ) {
    this.#pluginPaths = pluginPaths;
    if (packagesBeside !== undefined) this.#packages = new ModulePackages(packagesBeside);
    this.#builtInPath = builtInPath;
  }

  /** Names of the modules that packages bring. */
  get packaged(): string[] {
    return [...(this.#packages?.list().keys() ?? [])];
  }

  /** The file of a module, or `undefined` when there is none of that name. The first folder wins, as in Prosody. */
  find(name: string): ModuleFile | undefined {
    if (!/^[A-Za-z0-9_]+$/.test(name)) return undefined;
    for (const place of this.#pluginPaths) {
      const path = this.#inPlace(place, name, EXTENSIONS);
      if (path !== undefined) return { name, path, builtIn: false };
    }
    const packaged = this.#packages?.find(name);
    if (packaged !== undefined) return { name, path: packaged, builtIn: false };
    const path = this.#inPlace(this.#builtInPath, name, [".js"]);
    return path === undefined ? undefined : { name, path, builtIn: true };
  }

  #inPlace(place: string, name: string, extensions: readonly string[]): string | undefined {
    if (extensions.some((extension) => basename(place) === `mod_${name}${extension}`)) return place;
    const stems = [`mod_${name}/mod_${name}`, `mod_${name}/index`, `${name}/mod_${name}`, `mod_${name}`];
    for (const stem of stems) {
      for (const extension of extensions) {
        const path = join(place, stem + extension);
        if (existsSync(path) && statSync(path).isFile()) return path;
      }
    }
    return undefined;
  }

  /**
   * The class in a file. Files outside the package are compiled and loaded afresh, with all their helper files, and
   * share `chorus-muc`, `@xmpp/xml` and `tsyringe` with the core.
   */
  async load(file: ModuleFile): Promise<ModuleClass> {
    let exported: unknown;
    try {
      const namespace = (await (file.builtIn ? import(pathToFileURL(file.path).href) : loadOutside(file.path))) as {
        default?: unknown;
      };
      exported = namespace.default;
    } catch (error) {
      const place = placeOf(error, dirname(file.path)) ?? file.path;
      throw new ModuleError("MODULE_BROKEN", file.name, `does not load (${place})`, { cause: error });
    }
    if (typeof exported !== "function") {
      throw new ModuleError("MODULE_BROKEN", file.name, `has no class as its default export (${file.path})`);
    }
    return /^class\b/.test(Function.prototype.toString.call(exported))
      ? (exported as ModuleClass)
      : fromFunction(exported as (module: ModuleApi) => unknown);
  }

  /**
   * What a helper file of a module exports: its default, if it has one, else everything by name.
   * @throws Error when there is no such file, or it does not load
   */
  async loadHelper(modulePath: string, lib: string): Promise<unknown> {
    const folders = [dirname(modulePath), directoryOf(modulePath)].flatMap((folder) => [folder, join(folder, "lib")]);
    const path = findHelper([...folders, ...this.#pluginPaths], lib, EXTENSIONS);
    if (path === undefined) throw new Error(`require: there is no ${lib}.lib or ${lib} beside ${modulePath}`);
    const namespace = (await loadOutside(path)) as { readonly default?: unknown };
    return namespace.default ?? namespace;
  }
}

/** A module written as a plain function of its `module` object; what it returns are its exports. */
function fromFunction(load: (module: ModuleApi) => unknown): ModuleClass & { readonly inject: "module" } {
  return class implements ModuleInstance {
    static readonly inject = "module";
    exports: unknown;
    constructor(private readonly module: ModuleApi) {}
    async load(): Promise<void> {
      this.exports = await load(this.module);
    }
  };
}
