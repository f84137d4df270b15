/** Large archives are brought over piece by piece: the heap of the process is smaller than any of them. */
import assert from "node:assert/strict";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { openStorage } from "../../../../core/storage/open.js";
import { startChild } from "../../../support/child.js";
import { serverFolder, type ServerFolder } from "../../../support/cli.js";
import { archived, CHORUS, room, ROOMS } from "./prosody-data.js";

const CHORUSCTL = resolve(import.meta.dirname, "../../../../core/cli/chorusctl.js");
const HEAP_MB = 48;
const MESSAGES = 20_000;
const WORDS = "wherefore ".repeat(400);

const WORDS_OF_IMPORT = [
  "import",
  "prosody",
  "--config",
  "source.cfg.lua",
  "--data-path",
  "prosody",
  "--into=prosody.cfg.lua",
];

/** A room `big` whose archive is made of pieces of text. */
async function makeArchive(folder: ServerFolder, pieces: Iterable<string>): Promise<string> {
  const rooms = join(folder.path, "prosody", "conference%2elocalhost");
  await mkdir(join(rooms, "config"), { recursive: true });
  await mkdir(join(rooms, "muc_log"));
  await writeFile(join(rooms, "config", "big.dat"), room("big"));
  const list = join(rooms, "muc_log", "big.list");
  for (const piece of pieces) await writeFile(list, piece, { flag: "a" });
  await writeFile(join(folder.path, "source.cfg.lua"), `Component "${ROOMS}" "muc"`);
  return list;
}

/** Runs the import with a heap of {@link HEAP_MB}. */
async function importSmall(
  folder: ServerFolder,
  ...more: string[]
): Promise<{ readonly status: number; readonly output: string }> {
  const words = [`--max-old-space-size=${HEAP_MB}`, CHORUSCTL, ...WORDS_OF_IMPORT, ...more];
  const child = startChild(process.execPath, words, { cwd: folder.path });
  return { status: Number(await child.exited), output: child.output };
}

function* messages(): Generator<string> {
  for (let from = 0; from < MESSAGES; from += 1000) {
    yield Array.from({ length: 1000 }, (_, at) => archived(`id-${from + at}`, `${from + at} ${WORDS}`, from + at)).join(
      "",
    );
  }
}

test("an archive larger than the heap comes over, twice, and each message is there once", async () => {
  await using folder = await serverFolder(`data_path = "data"\n${CHORUS}`);
  const list = await makeArchive(folder, messages());
  assert.ok((await stat(list)).size > HEAP_MB * 1024 * 1024);
  for (const _ of ["once", "again"]) {
    const { output } = await importSmall(folder);
    assert.match(output, /muc_log: 20000 messages in, 20000 out\n/);
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

test("of an archive that is damaged all over some damages are told, and all are counted", async () => {
  await using folder = await serverFolder(`data_path = "data"\n${CHORUS}`);
  const piece = "item({ a });\n".repeat(10_000) + archived("well", "well", 1);
  await makeArchive(folder, [piece, ...Array.from({ length: 24 }, () => "item({ b });\n".repeat(10_000))]);
  const { status, output } = await importSmall(folder);
  assert.equal(status, 1, output.slice(0, 2000));
  assert.match(output, /muc_log: 250001 messages in, 1 out, 250000 skipped\n/);
  assert.match(output, /lost: .*big\.list: record 100: PROSODY_SYNTAX/);
  assert.match(output, /lost: and 249900 more\n/);
  assert.match(output, /\n250000 losses: see above/);
  const report = JSON.parse((await importSmall(folder, "--json")).output) as {
    lost: boolean;
    stores: { store: string; remarks: unknown[]; more: Record<string, number> }[];
  };
  const archive = report.stores.find(({ store }) => store === "muc_log");
  assert.deepEqual([report.lost, archive?.remarks.length, archive?.more], [true, 100, { lost: 249_900 }]);
});
