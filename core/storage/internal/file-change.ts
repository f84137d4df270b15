import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, scratchOf } from "../prosody/file-writer.js";
import { indexFileOf } from "../prosody/list-file.js";

/**
 * A change of one file that was prepared: what can fail for lack of room is done, the file itself is as before. It is
 * applied in a moment, also when it was applied before: what is written down of it (JSON) is enough for that.
 */
export type FileChange =
  /** What stands beside the file takes its place; empty: nothing does. */
  | { readonly do: "replace"; readonly file: string; readonly hash: string; readonly isEmpty: boolean }
  | { readonly do: "append"; readonly file: string; readonly at: number; readonly text: string };

/** What a file is to hold. */
export type Content = Iterable<Buffer | string> | AsyncIterable<Buffer | string>;

/** Puts what a file is to hold beside it. @param sync it is on disk before anything may point to it */
export async function prepareReplace(
  file: string,
  content: Content,
  { sync, isEmpty = false }: { readonly sync: boolean; readonly isEmpty?: boolean },
): Promise<FileChange> {
  await makeFolder(dirname(file));
  const scratch = scratchOf(file);
  const hash = createHash("sha256");
  try {
    const handle = await open(scratch, "w", 0o640);
    try {
      for await (const piece of content) {
        hash.update(piece);
        await handle.writeFile(piece);
      }
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(scratch, { force: true });
    throw error;
  }
  await removeIndex(file);
  return { do: "replace", file, hash: hash.digest("hex"), isEmpty };
}

/**
 * Makes room for text at the end of a list: blanks, which Prosody passes over.
 * @param at where the last whole record ends; what is behind it is cut off
 * @param sync the blanks are on disk before anything may rely on them
 */
export async function prepareAppend(
  file: string,
  at: number,
  text: string,
  { sync }: { readonly sync: boolean },
): Promise<FileChange> {
  await makeFolder(dirname(file));
  await removeIndex(file);
  const change: FileChange = { do: "append", file, at, text };
  await writeAt(change, " ".repeat(text.length));
  if (sync) await syncFile(file);
  return change;
}

/** Puts text, ASCII, at the end of a list without preparation; what cannot be written whole is taken back. */
export async function appendAtOnce(file: string, at: number, text: string): Promise<void> {
  await makeFolder(dirname(file));
  await removeIndex(file);
  await writeAt({ file, at }, text);
}

export async function apply(change: FileChange): Promise<void> {
  if (change.do === "append") {
    await usingFile(change.file, "r+", (handle) => handle.write(change.text, change.at, "latin1"));
    return;
  }
  await rename(scratchOf(change.file), change.file);
  if (change.isEmpty) await rm(change.file, { force: true });
}

/** Applies a change that was written down before a crash, unless it was applied, or something else came after it. */
export async function applyAgain(change: FileChange): Promise<void> {
  if (change.do === "append") return appendAgain(change);
  if ((await hashOf(scratchOf(change.file))) === change.hash) await apply(change);
  else if (change.isEmpty && (await hashOf(change.file)) === change.hash) await rm(change.file, { force: true });
}

/** Takes a preparation back. */
export async function undo(change: FileChange): Promise<void> {
  if (change.do === "replace") await rm(scratchOf(change.file), { force: true });
  else await cut(change.file, change.at);
}

/** Waits until a file, if there is one, is on disk. */
export async function syncFile(file: string): Promise<void> {
  try {
    await usingFile(file, "r", (handle) => handle.sync());
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Whether an error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

async function appendAgain({ file, at, text }: FileChange & { readonly do: "append" }): Promise<void> {
  try {
    await usingFile(file, "r+", async (handle) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(text.length), 0, text.length, at);
      const there = buffer.toString("latin1", 0, bytesRead);
      // The room that was made for it, written to in part or not at all: anything else has come later.
      const isRoom = there.length === text.length && text.startsWith(there.trimEnd());
      if (isRoom && there !== text) await handle.write(text, at, "latin1");
    });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function writeAt({ file, at }: { readonly file: string; readonly at: number }, text: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r+");
  } catch (error) {
    if (!isMissing(error)) throw error;
    handle = await open(file, "wx", 0o640);
  }
  try {
    if ((await handle.stat()).size > at) await handle.truncate(at);
    const bytes = Buffer.from(text, "latin1");
    for (let done = 0; done < bytes.length;) {
      done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    }
  } catch (error) {
    await handle.truncate(at).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

async function cut(file: string, at: number): Promise<void> {
  await usingFile(file, "r+", (handle) => handle.truncate(at));
}

function removeIndex(file: string): Promise<void> {
  return file.endsWith(".list") ? rm(indexFileOf(file), { force: true }) : Promise.resolve();
}

async function usingFile<T>(file: string, flags: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, flags);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function hashOf(file: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
    return hash.digest("hex");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
