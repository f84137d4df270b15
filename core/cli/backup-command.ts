import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeBackup } from "../backup/backup.js";
import type { StoredRecord } from "../storage/store.js";
import { EXIT_USAGE, type Command } from "./command.js";

/** What a backup is made of. */
export interface BackupContext {
  /** What is on disk; `undefined`: nothing is. */
  snapshot(): AsyncIterable<StoredRecord> | undefined;
  /** Folder in which other stores are files of Prosody's, which are not part of that. */
  readonly prosodyFiles?: string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** `backup`: a copy of all data as of one moment, of a running server too. */
export function backupCommand({ snapshot, now, prosodyFiles }: BackupContext): Command {
  return {
    name: "backup",
    summary: "write all data, as of this moment, to a new file",
    usage: "backup DIR|FILE",
    run: async ([target, tooMany], io, { cwd }) => {
      if (target === undefined || tooMany !== undefined || target.startsWith("-")) return EXIT_USAGE;
      const path = resolve(cwd, target);
      const isFolder = existsSync(path) && statSync(path).isDirectory();
      const stamp = new Date(now()).toISOString().slice(0, 19).replaceAll(":", "");
      const file = isFolder ? join(path, `chorus-${stamp}Z.backup.gz`) : path;
      const records = snapshot();
      const left =
        prosodyFiles && `what has storage = "internal" is in ${prosodyFiles}: stop the server, and copy the folder`;
      if (!records) {
        io.error(left ? `there is no backup: ${left}` : 'nothing is in files of its own: storage = "memory" or "sql"');
        return 1;
      }
      try {
        const count = await writeBackup(file, records, now());
        io.print(`${file}: ${count} records`);
        if (left) io.error(`not in it: ${left}`);
        return 0;
      } catch (error) {
        io.error(`there is no backup: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
      }
    },
  };
}
