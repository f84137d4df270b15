/**
 * A backup: what stores hold, record by record, independent of the database that holds it.
 *
 * gzip over lines of UTF-8, each `CRC JSON`: eight hexadecimal digits, a space, and one JSON value. The CRC-32 is of the
 * JSON, begun with that of the line before, so that a line that is changed, missing, repeated or out of place is found
 * where it is.
 *
 * ```
 * {"chorus-backup":1,"layout":1,"created":"2026-11-21T06:00:00.000Z","version":"0.1.0"}
 * [["data","conference.example.com","config","garden"],"{\"_jid\":…}"]
 * {"end":1}
 * ```
 *
 * The first line names the version of this format and of the records' layout, the last one the number of records. In
 * between are the records in the order of their keys: the parts of the key, the kind of record first, then host, store
 * and user, and the text of the value.
 */
import { crc32 } from "node:zlib";
import type { KeyPart } from "../storage/key.js";
import { StorageError } from "../storage/store.js";

/** Version of the format; a later one is refused. */
export const BACKUP_FORMAT = 1;

/** What the first line says. */
export interface BackupHeader {
  /** Version of the layout of the records. */
  readonly layout: number;
  /** ISO 8601. */
  readonly created: string;
  /** Version of Chorus that made it. */
  readonly version: string;
}

/** A record: the parts of its key, and its value. */
export type BackupRecord = readonly [key: readonly KeyPart[], value: string];

/** Makes the lines of a backup. */
export class BackupEncoder {
  #crc = 0;
  #count = 0;

  header({ layout, created, version }: BackupHeader): string {
    return this.#line({ "chorus-backup": BACKUP_FORMAT, layout, created, version });
  }

  record(record: BackupRecord): string {
    this.#count++;
    return this.#line(record);
  }

  end(): string {
    return this.#line({ end: this.#count });
  }

  get count(): number {
    return this.#count;
  }

  #line(value: unknown): string {
    const json = JSON.stringify(value);
    this.#crc = crc32(json, this.#crc);
    return `${this.#crc.toString(16).padStart(8, "0")} ${json}\n`;
  }
}

/** Reads the lines of a backup, one after the other. */
export class BackupDecoder {
  #crc = 0;
  #lines = 0;
  #count = 0;
  #header: BackupHeader | undefined;
  #isComplete = false;

  /** @param file is named in errors */
  constructor(private readonly file: string) {}

  /** Number of the line that was read last. */
  get line(): number {
    return this.#lines;
  }

  /** What the first line said. @throws TypeError before it was read */
  get header(): BackupHeader {
    if (!this.#header) throw new TypeError("header: no line was read");
    return this.#header;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * @returns the record of the line, if it has one
   * @throws StorageError `STORAGE_BACKUP_DAMAGED`, with the line
   */
  read(line: Uint8Array): BackupRecord | undefined {
    this.#lines++;
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
    const json = bytes.subarray(9);
    const crc = crc32(json, this.#crc);
    if (bytes.toString("latin1", 0, 9) !== `${crc.toString(16).padStart(8, "0")} `) {
      throw this.damaged(this.#lines === 1 ? "this is no backup of Chorus" : "its checksum is wrong");
    }
    this.#crc = crc;
    return this.#take(JSON.parse(json.toString()));
  }

  /** All lines were read. @throws StorageError when there should be more */
  finish(): void {
    if (!this.#isComplete) throw this.damaged("the rest of the file is missing", this.#lines + 1);
  }

  /** An error about a line, the one that was read last. */
  damaged(why: string, line = this.#lines, cause?: unknown): StorageError {
    return new StorageError("STORAGE_BACKUP_DAMAGED", `${this.file}: line ${line}: ${why}`, { cause });
  }

  #take(value: unknown): BackupRecord | undefined {
    if (this.#isComplete) throw this.damaged("there is something behind the end");
    if (this.#lines === 1) this.#header = this.#readHeader(value);
    else if (isRecord(value)) {
      this.#count++;
      return value;
    } else {
      const end: unknown = typeof value === "object" && value !== null && "end" in value ? value.end : undefined;
      if (end !== this.#count) throw this.damaged(`${this.#count} records were read: expected as many at the end`);
      this.#isComplete = true;
    }
    return undefined;
  }

  #readHeader(value: unknown): BackupHeader {
    const header = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
    const { "chorus-backup": format, layout, created, version } = header;
    if (format !== BACKUP_FORMAT || typeof layout !== "number") {
      throw this.damaged(`a backup of format ${String(format)}; this version of Chorus reads format ${BACKUP_FORMAT}`);
    }
    return { layout, created: String(created), version: String(version) };
  }
}

function isRecord(value: unknown): value is BackupRecord {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [key, text] = value as unknown[];
  return (
    Array.isArray(key) && key.every((part) => part === null || typeof part === "string") && typeof text === "string"
  );
}
