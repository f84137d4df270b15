import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

/** What packages of modules are called: `chorus-mod-muc-karma` brings `mod_muc_karma`. */
const PREFIX = "chorus-mod-";

/** What is read of a package.json. */
interface Manifest {
  readonly name?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
  readonly dependencies?: unknown;
  /** `{ "modules": { "muc_karma": "./dist/mod_muc_karma.js" } }` */
  readonly chorus?: { readonly modules?: unknown };
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof read === "object" && read !== null ? read : undefined;
  } catch {
    // None, or not readable: then it is no package for us, and npm has its own words for that.
    return undefined;
  }
}

/** The file that an import of the package itself would load. */
function entryOf({ exports, main }: Manifest): string {
  const pick = (value: unknown): string | undefined => {
    if (typeof value === "string") return value;
    if (typeof value !== "object" || value === null) return undefined;
    const choices = value as Record<string, unknown>;
    return pick(choices["."] ?? choices["import"] ?? choices["default"]);
  };
  return pick(exports) ?? (typeof main === "string" ? main : "index.js");
}

/** Modules that a package brings, by name, each with its file. */
function modulesIn(folder: string): [name: string, file: string][] {
  const manifest = manifestIn(folder);
  if (!manifest) return [];
  const declared = manifest.chorus?.modules;
  const ownName = String(manifest.name).replace(/^@[^/]*\//, "");
  const pairs: [string, unknown][] =
    typeof declared === "object" && declared !== null
      ? Object.entries(declared)
      : ownName.startsWith(PREFIX)
        ? [[ownName.slice(PREFIX.length).replaceAll("-", "_"), entryOf(manifest)]]
        : [];
  return pairs.flatMap(([name, path]) => {
    const file = resolve(folder, String(path));
    const isInside = !relative(folder, file).startsWith(`..${sep}`);
    return isInside && existsSync(file) ? [[name.replace(/^mod_/, ""), file] as [string, string]] : [];
  });
}

/**
 * Modules in npm packages that are installed beside the configuration: packages called `chorus-mod-NAME` (also in a
 * scope), and dependencies of the package.json there whose own package.json has a field `chorus`.
 */
export class ModulePackages {
  readonly #folder: string;

  /** @param folder that of the configuration; its `node_modules` is looked into */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file of a module; what has been installed meanwhile is found. */
  find(name: string): string | undefined {
    return this.list().get(name);
  }

  /** All modules, by name; of two packages with the same one the first by name counts. */
  list(): Map<string, string> {
    const found = new Map<string, string>();
    for (const folder of this.#packages()) {
      for (const [name, file] of modulesIn(folder)) {
        if (!found.has(name)) found.set(name, file);
      }
    }
    return found;
  }

  #packages(): string[] {
    const root = join(this.#folder, "node_modules");
    if (!existsSync(root)) return [];
    const names = readdirSync(root).flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(root, name)).map((inner) => `${name}/${inner}`) : [name],
    );
    const dependencies = manifestIn(this.#folder)?.dependencies;
    const wanted = new Set(typeof dependencies === "object" && dependencies !== null ? Object.keys(dependencies) : []);
    return names
      .filter((name) => wanted.has(name) || name.replace(/^@[^/]*\//, "").startsWith(PREFIX))
      .sort()
      .map((name) => join(root, name));
  }
}
