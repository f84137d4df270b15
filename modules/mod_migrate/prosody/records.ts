import { DataError, nodeprep, type ProsodyRecord } from "chorus-muc";
import type { StoreReport } from "../report.js";

/** A record with the name that its user, or room, has here: prepared, and of no other record of this store. */
export type Prepared<T extends ProsodyRecord> = T & { readonly user: string };

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
  const named: { readonly record: T; readonly user: string; readonly written: string; readonly at: number }[] = [];
  for (const [at, record] of records.entries()) {
    const { user: written, place } = record;
    if (written === null) continue;
    const user = written === undefined ? undefined : nodeprep(written);
    if (written !== undefined && user !== undefined) named.push({ record, user, written, at });
    else lose(report, place, written, written === undefined ? NOT_UTF8 : "the name can no longer be prepared");
  }
  const byUser = new Map<string, (typeof named)[number]>();
  // What was prepared already is what Prosody used last.
  for (const entry of named.toSorted((a, b) => Number(b.written === b.user) - Number(a.written === a.user))) {
    const { record, user, written } = entry;
    const other = byUser.get(user);
    if (other) {
      const place = other.record.place === record.place ? other.written : other.record.place;
      lose(report, record.place, written, `it has the same name as ${place} once it is prepared`);
      continue;
    }
    byUser.set(user, entry);
    if (user === written) continue;
    const reason = `brought over as ${user}, the name it has once it is prepared`;
    report.remarks.push({ kind: "note", file: record.place, record: written, reason });
  }
  return [...byUser.values()].sort((a, b) => a.at - b.at).map(({ record, user }) => ({ ...record, user }));
}

/** Records of users whose names stay as they are written, as nobody here knows what they name. */
export function named<T extends ProsodyRecord>(records: readonly T[], report: StoreReport): Prepared<T>[] {
  return records.flatMap((record) => {
    const { user, place } = record;
    if (user === undefined) lose(report, place, undefined, NOT_UTF8);
    return typeof user === "string" ? [{ ...record, user }] : [];
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
