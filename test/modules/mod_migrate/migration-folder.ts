/** A folder to bring data over from, and a database to bring it over to. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../../core/cli/run-command.js";
import type { Storage } from "../../../core/storage/store.js";
import { startService } from "../../../core/testing/service.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";

export const ROOMS = "conference.localhost";

/** Of the Chorus that data is brought over to. */
export const CHORUS = `
VirtualHost "localhost"
  authentication = "internal_hashed"
  modules_enabled = { "saslauth", "roster", "private", "vcard" }
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
`;

/** What a command said. */
export interface Outcome {
  readonly status: number;
  readonly lines: readonly string[];
}

/** What such a folder is made of. */
interface Parts {
  readonly path: string;
  readonly disk: FaultyDisk;
  readonly storage: Storage;
}

/** Gone when its holder is done. */
export class MigrationFolder implements AsyncDisposable {
  readonly path: string;
  readonly disk: FaultyDisk;
  readonly storage: Storage;

  protected constructor({ path, disk, storage }: Parts) {
    this.path = path;
    this.disk = disk;
    this.storage = storage;
  }

  protected static async parts(): Promise<Parts> {
    const disk = new FaultyDisk();
    return { path: await mkdtemp(join(tmpdir(), "chorus-import-")), disk, storage: await disk.open() };
  }

  /** A command of `chorusctl`, in this folder. Folders in what it says are cut off. */
  async run(config: string, ...command: string[]): Promise<Outcome> {
    await using service = await startService({ config, storage: this.storage, listen: false });
    const lines: string[] = [];
    const io = {
      print: (line: string) => lines.push(line),
      error: (line: string) => lines.push(line),
      ask: () => Promise.reject(new Error("nobody is there")),
    };
    const status = await runCommand(service.service.hosts, command, io, { online: false, cwd: this.path });
    return {
      status,
      lines: lines.flatMap((text) => text.split("\n")).map((line) => line.replaceAll(`${this.path}/`, "")),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.storage.close();
    await this.disk.close();
    await rm(this.path, { recursive: true, force: true });
  }
}
