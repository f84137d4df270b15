import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeprep } from "chorus-muc";
import { DataError } from "./data-error.js";
import { readData, type LuaTable } from "./lua-data.js";
import { decodeName, storeFiles } from "./names.js";
import type { StoreReport } from "./report.js";

/** A file of a store, and whose it is. */
export interface UserFile {
  /** Prepared, and of no other file of this store. */
  readonly user: string;
  readonly path: string;
}

/**
 * The files of a store, by user, in order of name. Each whose name cannot be used counts as a record that was lost.
 * @param extension `.dat` or `.list`
 */
export async function userFiles(
  dataPath: string,
  host: string,
  store: string,
  extension: ".dat" | ".list",
  report: StoreReport,
): Promise<UserFile[]> {
  const { folder } = storeFiles(dataPath, host, store);
  if (!existsSync(folder)) return [];
  let names;
  try {
    names = await readdir(folder);
  } catch (error) {
    lose(report, folder, undefined, reasonOf(error));
    return [];
  }
  const files: (UserFile & { readonly written: string })[] = [];
  for (const name of names.sort()) {
    if (!name.endsWith(extension)) continue;
    const path = join(folder, name);
    const written = decodeName(name.slice(0, -extension.length));
    const user = written === undefined ? undefined : nodeprep(written);
    if (written !== undefined && user !== undefined) files.push({ user, path, written });
    else
      lose(
        report,
        path,
        written,
        written === undefined ? "its name is not UTF-8" : "the name can no longer be prepared",
      );
  }
  const byUser = new Map<string, (typeof files)[number]>();
  // What was prepared already is what Prosody used last.
  for (const file of files.toSorted((a, b) => Number(b.written === b.user) - Number(a.written === a.user))) {
    const other = byUser.get(file.user);
    if (!other) byUser.set(file.user, file);
    else lose(report, file.path, file.written, `it has the same name as ${other.path} once it is prepared`);
    if (!other && file.user !== file.written) {
      const reason = `brought over as ${file.user}, the name it has once it is prepared`;
      report.remarks.push({ kind: "note", file: file.path, record: file.written, reason });
    }
  }
  return [...byUser.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function lose(report: StoreReport, file: string, record: string | undefined, reason: string): void {
  report.in++;
  report.remarks.push({ kind: "lost", file, record, reason });
}

/** Reads a file that holds a table. @throws DataError, or what the file system throws */
export async function readTable(path: string): Promise<LuaTable> {
  const bytes = await readFile(path);
  const value = readData(bytes);
  if (value instanceof Map) return value;
  throw new DataError("PROSODY_SHAPE", "expected a table", 0);
}

/** Why something could not be read, for a remark. @throws the error when it is of another kind: nothing can go on then */
export function reasonOf(error: unknown): string {
  if (error instanceof DataError) return `${error.code}: ${error.message}`;
  const isOfFiles = error instanceof Error && "syscall" in error;
  if (isOfFiles) return error.message;
  throw error;
}
