import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { DataError } from "./data-error.js";
import { readItem, type LuaValue } from "./lua-data.js";

const ITEM = Buffer.from("item(");
const NEW_LINE = 0x0a;
const NEXT_ITEM = Buffer.from("\nitem(");
/** Bytes that one record may have; stanzas are far smaller. */
const MAX_RECORD = 16 * 1024 * 1024;
const INDEX_MAGIC = 7767640n;

/** A record of a `.list` file, or why it cannot be read, and where it stands. */
export interface ListRecord {
  readonly value: LuaValue | DataError;
  /** First byte. */
  readonly offset: number;
  /** First byte past it, and past the end of its line. */
  readonly end: number;
}

/**
 * The records of a `.list` file in order, read piece by piece: no more than a few are in memory.
 *
 * A damaged record does not take those behind it along: reading goes on with the next line that begins one, or, where a
 * half-written record was written on to, with what begins within it.
 * In place of a damaged record stands why it cannot be read.
 * @param onRead told of the bytes that are read, piece by piece
 */
export async function* readList(file: string, onRead?: (bytes: number) => void): AsyncGenerator<ListRecord> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let isOverlong = false;
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    onRead?.(chunk.length);
    // Looked through once: the border may only straddle the two.
    let from = Math.max(0, rest.length - NEXT_ITEM.length);
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let border = rest.indexOf(NEXT_ITEM, from); border !== -1; border = rest.indexOf(NEXT_ITEM, from)) {
      const piece = rest.subarray(0, border + 1);
      if (!isOverlong) yield* recordsIn(piece, offset);
      isOverlong = false;
      offset += piece.length;
      rest = rest.subarray(border + 1);
      from = 0;
    }
    if (rest.length > MAX_RECORD) {
      if (!isOverlong) yield { value: tooLong(offset), offset, end: offset + rest.length };
      isOverlong = true;
      offset += rest.length - NEXT_ITEM.length;
      rest = rest.subarray(-NEXT_ITEM.length);
    }
  }
  if (!isOverlong) yield* recordsIn(rest, offset);
}

/** What is in a piece that begins as a record does: that record, mostly. */
function* recordsIn(piece: Buffer, offset: number): Generator<ListRecord> {
  let at = 0;
  while (at < piece.length) {
    const rest = piece.subarray(at);
    if (isBlank(rest)) return;
    let next;
    try {
      const { value, end } = readItem(rest, { offset: offset + at });
      next = at + end;
      if (piece[next] === NEW_LINE) next++;
      yield { value, offset: offset + at, end: offset + next };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      next = piece.indexOf(ITEM, at + 1);
      // In text of a record that is otherwise well "item(" is no record, which shows in a moment.
      while (next !== -1 && !begins(piece, next, offset)) next = piece.indexOf(ITEM, next + 1);
      if (next === -1) next = piece.length;
      yield { value: error, offset: offset + at, end: offset + next };
    }
    at = next;
  }
}

function begins(piece: Buffer, at: number, offset: number): boolean {
  try {
    readItem(piece.subarray(at), { offset });
    return true;
  } catch {
    return false;
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0);
}

function tooLong(offset: number): DataError {
  return new DataError("PROSODY_SYNTAX", `expected the next record within ${MAX_RECORD} bytes`, offset);
}

/** The index that Prosody 13 makes beside a `.list` file, and believes: it must go before the list changes. */
export function indexFileOf(file: string): string {
  return file.replace(/\.list$/, ".lidx");
}

/**
 * What is wrong with the index of a `.list` file, if there is one. The index is never needed: the list itself is read.
 * @param records how many the list was found to have
 */
export async function checkIndex(file: string, records: number): Promise<string | undefined> {
  const index = indexFileOf(file);
  let handle;
  try {
    handle = await open(index);
  } catch {
    return undefined; // Prosody 0.12 makes none
  }
  try {
    const { size } = await handle.stat();
    const ends = Buffer.alloc(8);
    const word = async (at: number): Promise<bigint> => {
      await handle.read(ends, 0, 8, at);
      return ends.readBigUInt64LE();
    };
    if (size < 8 || size % 8 !== 0) return `expected entries of 8 bytes, got ${size} bytes`;
    if ((await word(0)) !== INDEX_MAGIC) return "it does not begin as an index of this machine does";
    const count = size / 8 - 1;
    if (count !== records) return `it has ${count} entries, and the list ${records}`;
    const length = BigInt((await stat(file)).size);
    const last = count === 0 ? 0n : await word(size - 8);
    return last === length ? undefined : `it ends at byte ${last}, and the list at ${length}`;
  } finally {
    await handle.close();
  }
}
