import { DataError, nodeprep, type ProsodyRecord } from "chorus-muc";
import type { StoreReport } from "../report.js";

/** A record, and the name that its user, or room, has here: prepared, and of no other record of this store. */
export interface Prepared<T extends ProsodyRecord> {
  readonly user: string;
  readonly record: T;
}

const NOT_UTF8 = "its name is not UTF-8";

/** What one store of one host has of users. Where it cannot be read, that counts as a record that was lost. */
export async function recordsOf<T extends ProsodyRecord>(
  list: () => Promise<readonly T[]>,
  report: StoreReport,
): Promise<readonly T[]> {
  try {
    return await list();
  } catch (error) {
    lose(report, `${report.host}/${report.store}`, undefined, reasonOf(error));
    return [];
  }
}

/** Records by their prepared users, in the order given. Each whose user cannot be had counts as one that was lost. */
export function prepare<T extends ProsodyRecord>(records: readonly T[], report: StoreReport): Prepared<T>[] {
  const byUser = new Map<string, T>();
  const isFree = (user: string, record: T): boolean => {
    const other = byUser.get(user);
    if (other) {
      const place = other.place === record.place ? other.user : other.place;
      const reason = `it has the same name as ${place ?? ""} once it is prepared`;
      lose(report, record.place, record.user ?? undefined, reason);
    } else byUser.set(user, record);
    return other === undefined;
  };
  const unprepared: Prepared<T>[] = [];
  for (const record of records) {
    const { user: written } = record;
    if (written === null) continue;
    const user = written === undefined ? undefined : nodeprep(written);
    if (user === undefined) {
      const reason = written === undefined ? NOT_UTF8 : "the name can no longer be prepared";
      lose(report, record.place, written, reason);
    } else if (user === written) isFree(user, record);
    else unprepared.push({ user, record });
  }
  // What was prepared already is what Prosody used last.
  const renamed = new Map<T, string>();
  for (const { user, record } of unprepared) {
    if (!isFree(user, record)) continue;
    renamed.set(record, user);
    const reason = `brought over as ${user}, the name it has once it is prepared`;
    report.remarks.push({ kind: "note", file: record.place, record: record.user ?? undefined, reason });
  }
  return records.flatMap((record) => {
    const user = renamed.get(record) ?? record.user;
    return typeof user === "string" && byUser.get(user) === record ? [{ user, record }] : [];
  });
}

/** Records of users whose names stay as they are written, as nobody here knows what they name. */
export function named<T extends ProsodyRecord>(records: readonly T[], report: StoreReport): Prepared<T>[] {
  return records.flatMap((record) => {
    const { user, place } = record;
    if (user === undefined) lose(report, place, undefined, NOT_UTF8);
    return typeof user === "string" ? [{ user, record }] : [];
  });
}

function lose(report: StoreReport, file: string, record: string | undefined, reason: string): void {
  report.in++;
  report.remarks.push({ kind: "lost", file, record, reason });
}

/** Why something could not be read, for a remark. @throws the error when it is of another kind: nothing can go on then */
export function reasonOf(error: unknown): string {
  if (error instanceof DataError) return `${error.code}: ${error.message}`;
  const isOfFiles = error instanceof Error && "syscall" in error;
  if (isOfFiles) return error.message;
  throw error;
}
