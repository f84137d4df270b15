/** Which file a record is in, and which records there are. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { compareCodePoints, encodeKey, pastKey } from "../key.js";
import { decodeName, encodeName, encodeStore, storeFiles } from "../prosody/names.js";
import type { KeyRange } from "../driver.js";
import { isMissing } from "./file-change.js";

/** The data of one user in one store, or (`null`) of the host itself. */
export interface Place {
  readonly host: string;
  readonly store: string;
  readonly user: string | null;
}

export const KINDS = ["archive", "archive-count", "archive-id", "data"] as const;
/** What records are of: messages, how many there are, where each is, and values. */
export type Kind = (typeof KINDS)[number];

/** Bytes that a name in a folder may have. */
const MAX_NAME = 255;
/** What Prosody and Chorus add for a moment, or for an index. */
const SCRATCH_LENGTH = 1;

/** The file of a value, or of an archive. */
export function fileOf(dataPath: string, kind: Kind, { host, store, user }: Place): string {
  const { host: own, folder } = storeFiles(dataPath, host, store);
  return user === null ? own : join(folder, `${encodeName(user)}${extensionOf(kind)}`);
}

/** Whether no file can have the name that a user would have: a third of 255 characters, in the worst case. */
export function isTooLong(file: string): boolean {
  return basename(file).length + SCRATCH_LENGTH > MAX_NAME;
}

/** The places of one kind that have records in a range, in order. */
export async function* placesIn(dataPath: string, kind: Kind, range: KeyRange): AsyncGenerator<Place> {
  const direction = range.reverse === true ? -1 : 1;
  const inOrder = (names: Iterable<string>): string[] =>
    [...new Set(names)].sort((a, b) => direction * compareCodePoints(a, b));
  const isWanted = (...parts: (string | null)[]): boolean => overlaps(range, encodeKey([kind, ...parts]));
  if (!isWanted()) return;
  const extension = extensionOf(kind);
  for (const host of inOrder(decoded(await namesIn(dataPath), encodeName))) {
    if (!isWanted(host)) continue;
    const entries = await namesIn(join(dataPath, encodeName(host)));
    const own = new Set(kind === "data" ? decoded(withExtension(entries, ".dat"), encodeStore) : []);
    for (const store of inOrder([...own, ...decoded(entries, encodeStore)])) {
      if (!isWanted(host, store)) continue;
      const { folder } = storeFiles(dataPath, host, store);
      const users = (): Promise<string[]> => namesIn(folder);
      const places: Place[] = [];
      if (own.has(store) && isWanted(host, store, null)) places.push({ host, store, user: null });
      for (const user of inOrder(decoded(withExtension(await users(), extension), encodeName))) {
        if (isWanted(host, store, user)) places.push({ host, store, user });
      }
      if (direction === -1 && places[0]?.user === null) places.push(...places.splice(0, 1));
      yield* places;
    }
  }
}

/** Whether any key that begins with these bytes is in a range. */
export function overlaps({ from, to }: KeyRange, prefix: Buffer): boolean {
  return Buffer.compare(prefix, to) < 0 && Buffer.compare(pastKey(prefix), from) > 0;
}

function extensionOf(kind: Kind): string {
  return kind === "data" ? ".dat" : ".list";
}

function withExtension(names: readonly string[], extension: string): string[] {
  return names.filter((name) => name.endsWith(extension)).map((name) => name.slice(0, -extension.length));
}

/** What names stand for; others than those that Prosody would make are not seen by it either. */
function decoded(names: readonly string[], encode: (text: string) => string): string[] {
  return names.flatMap((name) => {
    const text = decodeName(name);
    return text !== undefined && encode(text) === name ? [text] : [];
  });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
