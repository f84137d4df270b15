import { existsSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";

/** Folder of a module's files: the one with the package.json when it is installed as a package, else its file's own. */
export function directoryOf(modulePath: string): string {
  const own = dirname(modulePath);
  const parts = own.split(sep);
  const packages = parts.lastIndexOf("node_modules");
  if (packages === -1) return own;
  const depth = parts[packages + 1]?.startsWith("@") === true ? 2 : 1;
  const root = parts.slice(0, packages + 1 + depth).join(sep);
  return existsSync(join(root, "package.json")) ? root : own;
}

/** Names of the packages that the nearest package.json above a file depends on. */
export function dependenciesOf(modulePath: string): string[] {
  for (let folder = dirname(modulePath); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) {
      const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as { dependencies?: Record<string, string> };
      return Object.keys(dependencies ?? {});
    }
    if (folder === dirname(folder)) return [];
  }
}

/** Reads a file below a folder. Rejects with a TypeError when the path leads out of it. */
export async function readResource(
  directory: string,
  path: string,
  encoding: BufferEncoding | undefined,
): Promise<Buffer | string> {
  const file = resolve(directory, path);
  const inside = relative(directory, file);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`)) {
    throw new TypeError(`loadResource: ${path} is not in the folder of the module`);
  }
  return readFile(file, encoding);
}

/** The helper file of that name in the first of the folders that has one. */
export function findHelper(folders: readonly string[], lib: string, extensions: readonly string[]): string | undefined {
  for (const folder of folders) {
    for (const stem of [`${lib}.lib`, lib]) {
      for (const extension of extensions) {
        const path = join(folder, stem + extension);
        if (existsSync(path) && statSync(path).isFile()) return path;
      }
    }
  }
  return undefined;
}
