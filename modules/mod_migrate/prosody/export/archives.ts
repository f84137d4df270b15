import type { ArchiveStore, ProsodyMessage } from "chorus-muc";
import type { StoreReport } from "../../report.js";
import { reasonOf } from "../records.js";
import type { ExportRun } from "./run.js";
import type { ExportTarget } from "./target.js";

/** An archive for Prosody. */
export interface NamedArchive {
  /** Its name there. */
  readonly user: string;
  readonly store: ArchiveStore;
  /** Its name here. */
  readonly from: string;
  /** What becomes of a message on the way. */
  change?(message: ProsodyMessage): void;
}

/** Writes archives message by message, reads what was written, and counts. */
export async function exportArchives(
  run: ExportRun,
  target: ExportTarget,
  report: StoreReport,
  archives: AsyncIterable<NamedArchive>,
): Promise<void> {
  const { host, store } = report;
  const written = new Map<string, number>();
  for await (const archive of archives) {
    const before = report.in;
    const messages = messagesOf(archive, () => {
      report.in++;
      run.progress(report, report.in);
    });
    try {
      if (!run.isDryRun) await target.archive(host, store, archive.user, messages);
      else for await (const _ of messages);
      written.set(archive.user, report.in - before);
      report.out += report.in - before;
    } catch (error) {
      const reason = reasonOf(error);
      report.remarks.push({ kind: "lost", file: target.place, record: archive.user, reason });
    }
  }
  if (!run.isDryRun && written.size > 0) await verify(target, report, written);
}

async function* messagesOf(archive: NamedArchive, onMessage: () => void): AsyncGenerator<ProsodyMessage> {
  const page = await archive.store.find(archive.from);
  if (!page) return;
  for await (const { id, stanza, when, with: kind } of page.items) {
    onMessage();
    const message = { id, stanza, when, with: kind };
    archive.change?.(message);
    yield message;
  }
}

async function verify(target: ExportTarget, report: StoreReport, written: ReadonlyMap<string, number>): Promise<void> {
  const found = await target.writtenMessages(report.host, report.store);
  for (const [user, count] of written) {
    const missing = count - (found.get(user) ?? 0);
    if (missing === 0) continue;
    report.out -= missing;
    const reason = `${missing} messages were written, and are not there`;
    report.remarks.push({ kind: "lost", file: target.place, record: user, reason });
  }
}
