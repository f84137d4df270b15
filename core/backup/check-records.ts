import { parseStanza } from "../xmpp/parse.js";
import type { RecordCursor, StorageDriver } from "../storage/driver.js";
import { positionById } from "../storage/archive-position.js";
import { decodeKey, encodeKey, type KeyPart } from "../storage/key.js";

/** Archives whose entries were counted, by their key without the kind; only the present one is held. */
interface Count {
  readonly archive: readonly KeyPart[];
  entries: number;
}

/**
 * Looks at every record of a database by itself and with those that belong to it: keys and values can be read; each
 * entry of an archive is found by its id, each id leads to an entry, and there are as many as were counted.
 *
 * An archive with more entries than were counted has some back that were deleted: LevelDB's repair may bring back what
 * lies in files that were left behind, while a count, which is written again and again, is the latest one.
 *
 * @returns what is wrong, a line each
 */
export async function* checkRecords(driver: StorageDriver): AsyncGenerator<string> {
  const cursor = driver.cursor({ from: Buffer.alloc(0), to: Buffer.of(0xff) });
  let count: Count | undefined;
  try {
    for (let record = await cursor.next(); record !== undefined; record = await cursor.next()) {
      const key = readKey(record[0]);
      if (!key) {
        yield `a key cannot be read: ${record[0].toString("hex")}`;
        continue;
      }
      const isEntry = key[0] === "archive";
      if (count && !(isEntry && isOf(key, count))) {
        yield* checkCount(driver, count);
        count = undefined;
      }
      if (isEntry) {
        count ??= { archive: key.slice(1, 4), entries: 0 };
        count.entries++;
      }
      yield* checkRecord(driver, key, record[1]);
    }
    if (count) yield* checkCount(driver, count);
  } finally {
    await cursor.close();
  }
}

function readKey(key: Buffer): KeyPart[] | undefined {
  try {
    return decodeKey(key);
  } catch {
    return undefined;
  }
}

function isOf(key: readonly KeyPart[], { archive }: Count): boolean {
  return archive.every((part, at) => key[at + 1] === part);
}

function named(parts: readonly KeyPart[]): string {
  return parts.map((part) => part ?? "(host)").join("/");
}

async function* checkCount(driver: StorageDriver, { archive, entries }: Count): AsyncGenerator<string> {
  const counted = Number((await driver.get(encodeKey(["archive-count", ...archive]))) ?? 0);
  if (counted === entries) return;
  const which = entries > counted ? "some that were deleted may be back" : "some are missing";
  yield `archive ${named(archive)}: ${entries} entries, ${counted} were counted: ${which}`;
}

async function* checkRecord(driver: StorageDriver, key: readonly KeyPart[], text: string): AsyncGenerator<string> {
  const [kind, ...rest] = key;
  const archive = rest.slice(0, 3);
  switch (kind) {
    case "data":
      if (parse(text) === undefined) yield `data ${named(rest)}: cannot be read`;
      return;
    case "archive": {
      const id = entryId(text);
      if (id === undefined) yield `archive ${named(rest)}: cannot be read`;
      else if (((await driver.get(encodeKey(["archive-id", ...archive, id]))) ?? positionById(id)) !== rest[3]) {
        yield `archive ${named(archive)}: entry ${id} is not found by its id`;
      }
      return;
    }
    case "archive-id":
      if ((await driver.get(encodeKey(["archive", ...archive, text]))) === undefined) {
        yield `archive ${named(archive)}: the id ${String(rest[3])} leads to no entry`;
      }
      return;
    case "archive-count":
      if (!(await hasEntries(driver, rest)))
        yield `archive ${named(rest)}: ${text} entries were counted, none is there`;
      return;
    case "format":
    case "layout":
    case "last-archive-id":
      return;
    default:
      yield `a record of an unknown kind: ${named(key)}`;
  }
}

async function hasEntries(driver: StorageDriver, archive: readonly KeyPart[]): Promise<boolean> {
  const from = encodeKey(["archive", ...archive]);
  const cursor: RecordCursor = driver.cursor({ from, to: Buffer.concat([from, Buffer.of(0x03)]), limit: 1 });
  try {
    return (await cursor.next()) !== undefined;
  } finally {
    await cursor.close();
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The id of an archive's entry, if all of the entry can be read. */
function entryId(text: string): string | undefined {
  const entry = parse(text)?.value;
  if (!Array.isArray(entry)) return undefined;
  const [id, , , xml] = entry as unknown[];
  try {
    parseStanza(String(xml));
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}
