import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { xml } from "../../../core/index.js";
import { encodeKey } from "../../../core/storage/key.js";
import { openLevelDriver } from "../../../core/storage/level-driver.js";
import { openStorage } from "../../../core/storage/open.js";
import { run, serverFolder, SMALL_CONFIG, type ServerFolder } from "../../support/cli.js";

const CONFIG = `data_path = "data"\n${SMALL_CONFIG}\nComponent "rooms.localhost" "muc"\n`;
const HOST = "rooms.localhost";

/** A folder with a room and an archive, of a server that is not running. */
async function prepared(): Promise<ServerFolder> {
  const folder = await serverFolder(CONFIG);
  const made = await run(folder, ["muc", "create", `garden@${HOST}`, "muc#roomconfig_persistentroom=1"]);
  assert.equal(made.status, 0, made.stderr);
  const storage = await openStorage({ driver: "level", path: databaseIn(folder) });
  const archive = storage.openStore<never, "archive">(HOST, "muc_log", "archive");
  for (let n = 0; n < 10; n++) await archive.append("garden", null, xml("message", {}, `text ${n}`)).written;
  await storage.close();
  return folder;
}

function databaseIn(folder: ServerFolder): string {
  return join(folder.path, "data", "level");
}

test("the doctor finds nothing wrong with a database that is as it should be", async () => {
  await using folder = await prepared();
  const { status, stdout, stderr } = await run(folder, ["doctor"]);
  assert.deepEqual([status, stderr], [0, ""], stdout);
  assert.match(stdout, /nothing is wrong/);
});

test("the doctor names records that cannot be read, and those that others contradict", async () => {
  await using folder = await prepared();
  const driver = await openLevelDriver(databaseIn(folder));
  const room = `garden@${HOST}`;
  await driver.batch(
    [
      { key: encodeKey(["data", HOST, "config", "broken"]), value: "{" },
      { key: encodeKey(["data", HOST, "persistent", null, room]), value: undefined },
      { key: encodeKey(["data", HOST, "persistent", null, `ghost@${HOST}`]), value: "true" },
      { key: encodeKey(["archive-count", HOST, "muc_log", "garden"]), value: "9" },
      { key: encodeKey(["archive-id", HOST, "muc_log", "garden", "nowhere"]), value: "0" },
    ],
    { sync: true },
  );
  await driver.close();
  const { status, stdout } = await run(folder, ["doctor"]);
  assert.equal(status, 1);
  for (const line of [
    /config\/broken: cannot be read/,
    /garden@rooms\.localhost: is stored, and not on the list of rooms/,
    /ghost@rooms\.localhost: is on the list persistent, and not stored/,
    /archive .*garden: 10 entries, 9 were counted: some that were deleted may be back/,
    /the id nowhere leads to no entry/,
  ]) {
    assert.match(stdout, line);
  }
});

test("a database with a truncated MANIFEST is repaired on a copy; the damaged one is kept, LOCK and all", async () => {
  await using folder = await prepared();
  const database = databaseIn(folder);
  const manifest = (await readFile(join(database, "CURRENT"), "utf8")).trim();
  await truncate(join(database, manifest), 10);
  const refused = await run(folder, ["doctor"]);
  assert.deepEqual([refused.status, /doctor --repair/.test(refused.stderr)], [1, true], refused.stderr);
  const { status, stdout, stderr } = await run(folder, ["doctor", "--repair"]);
  assert.deepEqual([status, stderr], [0, ""], stdout);
  const [kept = ""] = (await readdir(join(folder.path, "data"))).filter((name) => name.startsWith("level.damaged-"));
  assert.ok(existsSync(join(folder.path, "data", kept, "LOCK")), "kept");
  const info = await run(folder, ["muc", "info", `garden@${HOST}`]);
  assert.equal(info.status, 0, info.stderr);
});
