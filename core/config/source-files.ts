import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";

const LARGEST_FILE = 16 * 1024 * 1024; // bytes; what a configuration names is small, and it ends up in Lua's memory

/** A path as the configuration means it: relative ones start from the folder of the file that names it. */
export function fromFile(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

/** Why a file could not be read, in a few words. */
export function readFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}

/**
 * Content of a file that a configuration names.
 * @throws what `node:fs` throws, and an `Error` for devices and for files too large to be meant
 */
export function readSource(path: string): Buffer {
  const found = statSync(path);
  if (found.isDirectory()) throw new Error("it is a directory");
  if (found.isCharacterDevice() || found.isBlockDevice()) throw new Error("it is a device");
  if (found.size > LARGEST_FILE) throw new Error(`it has ${found.size} bytes, at most ${LARGEST_FILE} are read`);
  return readFileSync(path);
}

/**
 * The files that `Include` names: `*` and `?` in the last component, in the order of their names, hidden ones left out.
 * @throws what `node:fs` throws when the folder cannot be listed
 */
export function expandPattern(path: string): string[] {
  const pattern = basename(path);
  if (!/[*?]/.test(pattern)) return [path];
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const matching = new RegExp(`^${source}$`, "su");
  const folder = dirname(path);
  const names = readdirSync(folder).filter((name) => !name.startsWith(".") && matching.test(name));
  return names.sort().map((name) => join(folder, name));
}
