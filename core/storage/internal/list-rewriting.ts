/** A list that is written anew, because more changes than that something is added: what is in it, and from where. */
import type { FileHandle } from "node:fs/promises";
import type { ProsodyMessage } from "../prosody/prosody-data.js";
import type { ListEntry } from "./list-entry.js";

/** Bytes that are copied at a time. */
const COPY = 1024 * 1024;

/** A message that comes into a list, and what is written of it: ASCII. */
export interface NewMessage {
  readonly message: ProsodyMessage;
  readonly text: string;
}

/** One that comes behind all that are there. */
export interface AddedMessage extends NewMessage {
  readonly stamp: string;
}

/** What a list has before. */
export interface ListContent {
  readonly entries: readonly ListEntry[];
  /** Those that are left out whatever changes. */
  readonly superseded: readonly ListEntry[];
  /** Bytes to the end of the last whole message. */
  readonly end: number;
}

/** A piece of the new file: bytes of the old one, or text. */
export type Piece = { readonly from: number; readonly to: number } | { readonly text: string };

/** What a list will have. */
export interface Rewriting {
  /** In the order of the file. */
  readonly pieces: readonly Piece[];
  /** In the order of the file. */
  readonly entries: ListEntry[];
  /** Bytes that the new file has. */
  readonly end: number;
}

/** @param gone entries that are no more, or have something else in their place */
export function rewrite(
  list: ListContent,
  gone: ReadonlyMap<ListEntry, NewMessage | undefined>,
  added: readonly AddedMessage[],
): Rewriting {
  const pieces: Piece[] = [];
  const entries: ListEntry[] = [];
  let end = 0;
  let from = 0; // of what is copied
  const put = (entry: Omit<ListEntry, "offset" | "length">, text: string): void => {
    pieces.push({ text });
    entries.push({ ...entry, offset: end, length: text.length });
    end += text.length;
  };
  const copyTo = (to: number): void => {
    if (to > from) pieces.push({ from, to });
    end += to - from;
  };
  const dropped = new Set([...gone.keys(), ...list.superseded]);
  for (const entry of [...list.entries, ...list.superseded].sort((a, b) => a.offset - b.offset)) {
    if (!dropped.has(entry)) {
      entries.push({ ...entry, offset: end + entry.offset - from });
      continue;
    }
    copyTo(entry.offset);
    from = entry.offset + entry.length;
    const change = gone.get(entry);
    if (change) put({ id: change.message.id, when: change.message.when, stamp: entry.stamp }, change.text);
  }
  copyTo(list.end);
  for (const { stamp, message, text } of added) put({ id: message.id, when: message.when, stamp }, text);
  return { pieces, entries, end };
}

/** What the new file holds. @param handle the old one @param file its name @throws Error when it has become shorter */
export async function* contentOf(
  pieces: readonly Piece[],
  handle: FileHandle,
  file: string,
): AsyncGenerator<Buffer | string> {
  for (const piece of pieces) {
    if ("text" in piece) {
      yield piece.text;
      continue;
    }
    for (let at = piece.from; at < piece.to;) {
      const buffer = Buffer.alloc(Math.min(COPY, piece.to - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error(`${file} is shorter than it was: is Prosody running?`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }
}
