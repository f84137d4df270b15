/** Copies of a database as files: made from a snapshot, checked, and read back into a new database. */
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { createGunzip, createGzip } from "node:zlib";
import { LineSplitter } from "../cli/admin-protocol.js";
import { packageVersion } from "../package.js";
import { BackupDecoder, BackupEncoder, type BackupHeader, type BackupRecord } from "./format.js";
import { LAYOUT } from "../storage/database.js";
import type { RecordChange } from "../storage/driver.js";
import { encodeKey } from "../storage/key.js";
import { openLevelDriver } from "../storage/level-driver.js";
import { StorageError, type StoredRecord } from "../storage/store.js";
import { syncFolder } from "../storage/sync-folder.js";

/** Characters that are gathered before they are handed on, and others have a turn. */
const CHUNK = 64 * 1024;
/** Bytes of a line that are taken; a record is one line. */
const MAX_LINE_BYTES = 1024 * 1024 * 1024;
/** What is written to a new database in one go. */
const BATCH_CHARACTERS = 1024 * 1024;

/** What a backup holds. */
export interface BackupSummary extends BackupHeader {
  readonly records: number;
}

/**
 * Writes a backup. The file is there when all of it is on disk, and not before.
 *
 * @param records from `OpenStorage.snapshot`
 * @throws Error when the file is there already, or cannot be written; nothing is left behind then
 */
export async function writeBackup(file: string, records: AsyncIterable<StoredRecord>, now: number): Promise<number> {
  const encoder = new BackupEncoder();
  const created = new Date(now).toISOString();
  if (existsSync(file)) throw new Error(`${file} is there already`);
  const unfinished = `${file}.${randomBytes(4).toString("hex")}.unfinished`;
  const target = createWriteStream(unfinished, { flags: "wx", mode: 0o600, flush: true });
  try {
    const lines = Readable.from(chunksOf(encoder, { layout: LAYOUT, created, version: packageVersion() }, records));
    await pipeline(lines, createGzip(), target);
    await rename(unfinished, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return encoder.count;
}

async function* chunksOf(
  encoder: BackupEncoder,
  header: BackupHeader,
  records: AsyncIterable<StoredRecord>,
): AsyncGenerator<Buffer> {
  let text = encoder.header(header);
  for await (const record of records) {
    text += encoder.record(record);
    if (text.length < CHUNK) continue;
    yield Buffer.from(text);
    text = "";
    await setImmediate();
  }
  yield Buffer.from(text + encoder.end());
}

/** Reads a backup to its end. @throws StorageError `STORAGE_BACKUP_DAMAGED`, with the line */
export async function checkBackup(file: string): Promise<BackupSummary> {
  const decoder = new BackupDecoder(file);
  for await (const _record of recordsOf(file, decoder)) await undefined;
  if (decoder.header.layout > LAYOUT) {
    throw decoder.damaged(`records of layout ${decoder.header.layout}; this version of Chorus knows ${LAYOUT}`, 1);
  }
  return { ...decoder.header, records: decoder.count };
}

async function* recordsOf(file: string, decoder: BackupDecoder): AsyncGenerator<BackupRecord> {
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  const source = createReadStream(file);
  const gunzip = createGunzip();
  const piped = pipeline(source, gunzip);
  piped.catch(() => undefined); // the reader below is told the same
  try {
    for await (const chunk of gunzip) {
      const lines = splitter.push(chunk as Buffer);
      if (!lines) throw decoder.damaged("the line is too long", decoder.line + 1);
      for (const line of lines) {
        const record = decoder.read(line);
        if (record) yield record;
      }
    }
    await piped;
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES" || code === "EISDIR") throw error;
    throw decoder.damaged(message, decoder.line + 1, error);
  } finally {
    source.destroy();
  }
  decoder.finish();
}

/**
 * Reads a backup into a new database, and compares that with it. Nothing is there when it fails.
 * @param path of a folder that does not exist
 */
export async function readBackup(file: string, path: string): Promise<BackupSummary> {
  const summary = await checkBackup(file);
  try {
    const records = await fill(file, path);
    const compared = await compare(file, path);
    if (records !== summary.records || compared !== summary.records) {
      throw new StorageError("STORAGE_BACKUP_DAMAGED", `${file}: it changed while it was read`);
    }
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
  return summary;
}

async function fill(file: string, path: string): Promise<number> {
  const driver = await openLevelDriver(path);
  const decoder = new BackupDecoder(file);
  try {
    let changes: RecordChange[] = [];
    let size = 0;
    for await (const [key, value] of recordsOf(file, decoder)) {
      changes.push({ key: encodeKey(key), value });
      size += value.length;
      if (size < BATCH_CHARACTERS && changes.length < 1000) continue;
      await driver.batch(changes, { sync: false });
      changes = [];
      size = 0;
    }
    await driver.batch(changes, { sync: true });
  } finally {
    await driver.close();
  }
  return decoder.count;
}

/** @returns the number of records in the database; throws when one differs */
async function compare(file: string, path: string): Promise<number> {
  const driver = await openLevelDriver(path);
  const cursor = driver.cursor({ from: Buffer.alloc(0), to: Buffer.of(0xff) });
  const decoder = new BackupDecoder(file);
  let count = 0;
  try {
    for await (const [key, value] of recordsOf(file, decoder)) {
      const found = await cursor.next();
      if (!found || !found[0].equals(encodeKey(key)) || found[1] !== value) {
        throw decoder.damaged("it was not written as it is in the backup");
      }
      count++;
    }
    if ((await cursor.next()) !== undefined) count++;
  } finally {
    await cursor.close();
    await driver.close();
  }
  return count;
}
