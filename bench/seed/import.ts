import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadClient } from "../load/client.js";
import { listRooms } from "../load/room-list.js";
import { usageOf, type Usage } from "../process-usage.js";
import { startChorus } from "../servers/chorus.js";
import { HOST, ROOMS } from "../servers/server.js";
import { withServer, type Bench } from "../workloads/workload.js";
import { writeProsodyFiles } from "./prosody-files.js";

const CONTROL = resolve(import.meta.dirname, "../../core/cli/chorusctl.js");

/** What an import took. */
export interface ImportCost extends Usage {
  readonly seconds: number;
  /** How long the list of rooms then takes the first time that somebody asks for it: every room is looked at. */
  readonly firstListSeconds: number;
}

function keptFolder({ kept, sizes }: Bench): string {
  return join(kept, `${sizes.stored.rooms}-rooms-${sizes.stored.messages}-messages`);
}

/** Prosody's files, made when they are not there. @returns the folder with its configuration */
async function prosodyFiles(bench: Bench): Promise<string> {
  const folder = join(keptFolder(bench), "prosody");
  if (existsSync(folder)) return folder;
  // Under another name until it is whole.
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await writeProsodyFiles(unfinished, bench.sizes.stored.rooms, bench.sizes.stored.messages);
  await rename(unfinished, folder);
  return folder;
}

/** Brings Prosody's files over to a new data folder of Chorus, which replaces the one that was kept. */
export async function importStored(bench: Bench): Promise<ImportCost> {
  await mkdir(keptFolder(bench), { recursive: true });
  const source = await prosodyFiles(bench);
  const folder = await mkdtemp(join(keptFolder(bench), "import-"));
  const config = join(folder, "chorus.cfg.lua");
  await writeFile(
    config,
    `data_path = "data"\nVirtualHost "${HOST}"\nComponent "${ROOMS}" "muc"\n  modules_enabled = { "muc_mam" }\n  muc_log_expires_after = "never"\n`,
  );
  const words = ["import", "prosody", "--config", join(source, "prosody.cfg.lua"), "--data-path", join(source, "data")];
  const began = performance.now();
  const child = bench.launch(process.execPath, [CONTROL, ...words, "--into", config], { cwd: folder });
  let ended: number | NodeJS.Signals | undefined;
  void child.exited.then((status) => (ended = status));
  let usage: Usage = { cpuMicros: 0, rssBytes: 0, peakRssBytes: 0 };
  while (ended === undefined) {
    try {
      const now = usageOf(child.pid);
      // One that has ended and is not yet gone has no memory any more.
      if (now.rssBytes > 0) usage = now;
    } catch {
      // It has just ended: what was seen last stands.
    }
    await sleep(20);
  }
  const seconds = (performance.now() - began) / 1000;
  if (ended !== 0) throw new Error(`the import ended with ${ended}:\n${child.output}`);
  const kept = join(keptFolder(bench), "chorus");
  await rm(kept, { recursive: true, force: true });
  await rename(join(folder, "data"), kept);
  await rm(folder, { recursive: true });
  return { seconds, firstListSeconds: await firstList(bench, kept), ...usage };
}

async function firstList({ launch }: Bench, data: string): Promise<number> {
  return withServer(startChorus(launch, { data }), async (_, login) => {
    const [client] = (await login(1)) as [LoadClient];
    const began = performance.now();
    for (;;) {
      try {
        await listRooms(client);
        return (performance.now() - began) / 1000;
      } catch (error) {
        // Not yet.
        if (!/resource-constraint/.test(String(error))) throw error;
      }
    }
  });
}

/** A copy of a data folder of Chorus with all that is stored; it is the caller's to remove. */
export async function storedData(bench: Bench): Promise<string> {
  const kept = join(keptFolder(bench), "chorus");
  if (!existsSync(kept)) await importStored(bench);
  const copy = await mkdtemp(join(tmpdir(), "chorus-bench-copy-"));
  await cp(kept, copy, { recursive: true });
  return copy;
}
