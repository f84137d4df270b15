import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** A module that somebody names on the command line. */
export interface ModuleTarget {
  /** Without `mod_`. */
  readonly name: string;
  /** Where it is looked for first; none when it was given by name. */
  readonly places: readonly string[];
}

const FILE = /^mod_(\w+)\.(ts|js|mjs)$/;

/** What a file is the module of: `mod_NAME.ts`, or `index.ts` of a folder `mod_NAME`. */
function ofFile(path: string): ModuleTarget | string {
  const folder = dirname(path);
  const name = FILE.exec(basename(path))?.[1];
  if (name !== undefined) return { name, places: [path, folder, dirname(folder)] };
  const inFolder = /^mod_(\w+)$/.exec(basename(folder))?.[1];
  if (inFolder !== undefined && /^index\.(ts|js|mjs)$/.test(basename(path))) {
    return { name: inFolder, places: [dirname(folder)] };
  }
  return `${path}: expected a file mod_NAME.ts, .js or .mjs, or index.ts in a folder mod_NAME`;
}

/** What a folder is the module of: by the field `chorus` of its package.json, else by the one `mod_NAME` file in it. */
function ofFolder(path: string): ModuleTarget | string {
  const manifest = join(path, "package.json");
  const declared = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, "utf8")) as { chorus?: { modules?: Record<string, string> } }).chorus?.modules
    : undefined;
  const files = declared
    ? Object.values(declared)
    : readdirSync(path).filter((file) => FILE.test(file) || /^index\.(ts|js|mjs)$/.test(file));
  const [file, another] = files;
  if (file === undefined) return `${path}: expected a module, mod_NAME.ts, .js or .mjs`;
  if (another !== undefined) return `${path} has several modules, ${files.join(", ")}: name one`;
  const found = ofFile(resolve(path, file));
  if (declared === undefined || typeof found === "string") return found;
  return { ...found, name: (Object.keys(declared)[0] ?? found.name).replace(/^mod_/, "") };
}

/**
 * What a word on the command line names: a file, a folder, or a module that the configuration finds.
 * @returns what is wrong with it, if it names none
 */
export function moduleTarget(word: string): ModuleTarget | string {
  const path = resolve(word);
  if (existsSync(path)) return statSync(path).isDirectory() ? ofFolder(path) : ofFile(path);
  const name = word.replace(/^mod_/, "");
  return /^\w+$/.test(name) ? { name, places: [] } : `${word}: there is no such file or folder`;
}
