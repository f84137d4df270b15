import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { checkBackup, readBackup, writeBackup } from "../../../core/backup/backup.js";
import { xml } from "../../../core/index.js";
import { openStorage, type OpenStorage } from "../../../core/storage/open.js";
import type { StoredRecord } from "../../../core/storage/store.js";

const HOST = "rooms.example";
const NOW = Date.UTC(2026, 10, 21, 6);

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "chorus-backup-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function recordsOf(storage: OpenStorage): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const record of storage.snapshot()) found.push(record);
  return found;
}

/** A storage with all kinds of records, and texts that are easily damaged. */
async function filled(): Promise<OpenStorage> {
  const storage = await openStorage({ driver: "memory" });
  await storage.openStore<unknown>(HOST, "config").set("garden", { _data: { name: "gar\u2028den \ud83c\udf39\n" } });
  await storage.openStore<unknown>(HOST, "config").set("lone \ud800 \u0000", "\udfff");
  await storage.openStore<boolean, "map">(HOST, "persistent", "map").set(null, "garden@rooms.example", true);
  const archive = storage.openStore<never, "archive">(HOST, "muc_log", "archive");
  for (let n = 0; n < 500; n++) await archive.append("garden", null, xml("message", {}, `text ${n}`)).written;
  return storage;
}

test("what is restored is what was there, record by record", async (t) => {
  const path = await folder(t);
  const storage = await filled();
  const file = join(path, "one.backup.gz");
  const expected = await recordsOf(storage);
  assert.equal(await writeBackup(file, storage.snapshot(), NOW), expected.length);
  const { records, created } = await readBackup(file, join(path, "level"));
  assert.deepEqual([records, created], [expected.length, "2026-11-21T06:00:00.000Z"]);
  const restored = await openStorage({ driver: "level", path: join(path, "level") });
  t.after(() => restored.close());
  assert.deepEqual(await recordsOf(restored), expected);
  assert.equal((await stat(file)).mode & 0o777, 0o600, "nobody else may read it");
});

test("a backup made while others write has all of a batch or nothing, as of one moment", async (t) => {
  const path = await folder(t);
  const storage = await openStorage({ driver: "level", path: join(path, "level") });
  t.after(() => storage.close());
  const config = storage.openStore<number>(HOST, "config");
  const index = storage.openStore<number>(HOST, "index");
  const write = (n: number): Promise<unknown> =>
    Promise.all(Array.from({ length: 50 }, (_, user) => [config.set(`${user}`, n), index.set(`${user}`, n)]).flat());
  await write(0);
  let isOver = false;
  const writing = (async () => {
    for (let n = 1; !isOver; n++) await write(n);
  })();
  const file = join(path, "busy.backup.gz");
  await writeBackup(file, storage.snapshot(), NOW);
  isOver = true;
  await writing;
  await readBackup(file, join(path, "restored"));
  const restored = await openStorage({ driver: "level", path: join(path, "restored") });
  t.after(() => restored.close());
  const values = new Set<string>();
  for (const [key, value] of await recordsOf(restored)) if (key[0] === "data") values.add(value);
  assert.equal(values.size, 1, `of one moment: ${[...values].join(" ")}`);
});

test("a backup that is not finished has not its name, and leaves nothing behind", async (t) => {
  const path = await folder(t);
  async function* failing(): AsyncGenerator<StoredRecord> {
    yield [["data", HOST, "config", "garden"], "{}"];
    assert.deepEqual(
      (await readdir(path)).filter((name) => name === "x.backup.gz"),
      [],
    );
    throw new Error("the disk is gone");
  }
  await assert.rejects(writeBackup(join(path, "x.backup.gz"), failing(), NOW), /the disk is gone/);
  assert.deepEqual(await readdir(path), []);
});

test("a file that is there is not overwritten by a backup", async (t) => {
  const path = await folder(t);
  const file = join(path, "x.backup.gz");
  await writeFile(file, "dear");
  await assert.rejects(writeBackup(file, (await filled()).snapshot(), NOW), /is there already/);
  assert.equal(await readFile(file, "utf8"), "dear");
});

for (const { what, damage, expected } of [
  {
    what: "a changed character",
    damage: (lines: string[]) => lines.with(3, (lines[3] ?? "").replace("text", "test")),
    expected: /line 4: its checksum is wrong/,
  },
  {
    what: "a missing line",
    damage: (lines: string[]) => lines.toSpliced(4, 1),
    expected: /line 5: its checksum is wrong/,
  },
  {
    what: "two lines in the wrong order",
    damage: (lines: string[]) => lines.toSpliced(4, 2, lines[5] ?? "", lines[4] ?? ""),
    expected: /line 5: its checksum is wrong/,
  },
  {
    what: "a missing end",
    damage: (lines: string[]) => lines.slice(0, 6).concat(""),
    expected: /line 7: the rest of the file is missing/,
  },
  { what: "another file", damage: () => ["Dear diary,", ""], expected: /line 1: this is no backup of Chorus/ },
]) {
  test(`a backup with ${what} is refused with the place, and nothing is written`, async (t) => {
    const path = await folder(t);
    const file = join(path, "x.backup.gz");
    await writeBackup(file, (await filled()).snapshot(), NOW);
    const lines = gunzipSync(await readFile(file))
      .toString()
      .split("\n");
    await writeFile(file, gzipSync(damage(lines).join("\n")));
    await assert.rejects(readBackup(file, join(path, "level")), { code: "STORAGE_BACKUP_DAMAGED", message: expected });
    assert.deepEqual(await readdir(path), ["x.backup.gz"]);
  });
}

test("a backup is refused wherever a byte of the file is changed or the rest is cut off", async (t) => {
  const path = await folder(t);
  const file = join(path, "x.backup.gz");
  await writeBackup(file, (await filled()).snapshot(), NOW);
  const whole = await readFile(file);
  for (let at = 10; at < whole.length; at += Math.ceil(whole.length / 40)) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    for (const bytes of [changed, whole.subarray(0, at)]) {
      await writeFile(file, bytes);
      await assert.rejects(
        checkBackup(file),
        { code: "STORAGE_BACKUP_DAMAGED", message: /: line \d+: / },
        `byte ${at}`,
      );
    }
  }
});
