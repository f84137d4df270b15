/** Large archives are brought over piece by piece: the heap of the process is smaller than any of them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openStorage } from "../../../../core/storage/open.js";
import { serverFolder } from "../../../support/cli.js";
import { archived, CHORUS, room, ROOMS } from "./prosody-data.js";

const CHORUSCTL = resolve(import.meta.dirname, "../../../../core/cli/chorusctl.js");
const HEAP_MB = 48;
const MESSAGES = 20_000;
const WORDS = "wherefore ".repeat(400);

test("an archive larger than the heap comes over, twice, and each message is there once", async () => {
  await using folder = await serverFolder(`data_path = "data"\n${CHORUS}`);
  const rooms = join(folder.path, "prosody", "conference%2elocalhost");
  await mkdir(join(rooms, "config"), { recursive: true });
  await mkdir(join(rooms, "muc_log"));
  await writeFile(join(rooms, "config", "big.dat"), room("big"));
  const list = join(rooms, "muc_log", "big.list");
  for (let from = 0; from < MESSAGES; from += 1000) {
    const some = Array.from({ length: 1000 }, (_, at) =>
      archived(`id-${from + at}`, `${from + at} ${WORDS}`, from + at),
    );
    await writeFile(list, some.join(""), { flag: "a" });
  }
  assert.ok((await stat(list)).size > HEAP_MB * 1024 * 1024);
  await writeFile(join(folder.path, "source.cfg.lua"), `Component "${ROOMS}" "muc"`);
  const words = ["import", "prosody", "--config", "source.cfg.lua", "--data-path", "prosody", "--into=prosody.cfg.lua"];
  for (const _ of ["once", "again"]) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [`--max-old-space-size=${HEAP_MB}`, CHORUSCTL, ...words],
      { cwd: folder.path },
    );
    assert.match(stdout, /muc_log: 20000 messages in, 20000 out\n/);
  }
  const storage = await openStorage({ driver: "level", path: join(folder.path, "data", "level") });
  try {
    const archive = storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
    const page = await archive.find("big", { total: true, reverse: true, limit: 1 });
    assert.equal(page?.total, MESSAGES);
    for await (const { id } of page.items) assert.equal(id, `id-${MESSAGES - 1}`);
  } finally {
    await storage.close();
  }
});
