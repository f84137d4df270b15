/** What operators see of data in Prosody's files. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run, serverFolder, SMALL_CONFIG, type ServerFolder } from "../../../support/cli.js";

const HOST = "rooms.localhost";

async function prepared(storage: string): Promise<ServerFolder> {
  const folder = await serverFolder(`data_path = "data"\n${storage}\n${SMALL_CONFIG}\nComponent "${HOST}" "muc"\n`);
  const made = await run(folder, ["muc", "create", `garden@${HOST}`, "muc#roomconfig_persistentroom=1"]);
  assert.equal(made.status, 0, made.stderr);
  return folder;
}

function roomFile(folder: ServerFolder): string {
  return join(folder.path, "data/rooms%2elocalhost/config/garden.dat");
}

test('with storage = "internal" a room is a file, which the doctor reads and no backup has', async () => {
  await using folder = await prepared('storage = "internal"');
  assert.match(await readFile(roomFile(folder), "utf8"), /^return \{\n\t\["_jid"\] = "garden@rooms.localhost";\n/);

  const healthy = await run(folder, ["doctor"]);
  assert.equal(healthy.status, 0, healthy.stdout + healthy.stderr);
  await mkdir(join(folder.path, "data/rooms%2elocalhost/muc_log"));
  await writeFile(join(folder.path, "data/rooms%2elocalhost/muc_log/garden.list"), "item({ 1 };\n");
  await writeFile(roomFile(folder), 'return { ["_jid"] = "gard');
  const damaged = await run(folder, ["doctor"]);
  assert.equal(damaged.status, 1);
  assert.match(damaged.stdout, /config\/garden\.dat: the text ends within a string/);
  assert.match(damaged.stdout, /muc_log\/garden\.list: record 1: expected \)/);
  const repaired = await run(folder, ["doctor", "--repair"]);
  assert.equal(repaired.status, 1);
  assert.match(repaired.stderr, /files are not repaired/);

  const backup = await run(folder, ["backup", "all.backup.gz"]);
  assert.equal(backup.status, 1);
  assert.match(backup.stderr, /there is no backup: .*data: stop the server, and copy the folder/);
  const restore = await run(folder, ["restore", "all.backup.gz"]);
  assert.equal(restore.status, 1);
  assert.match(restore.stderr, /nothing is restored: storage = "internal"/);
});

test("single stores may be Prosody's files, and a backup says that it lacks them", async () => {
  await using folder = await prepared('storage = { config = "internal" }');
  assert.match(await readFile(roomFile(folder), "utf8"), /garden@rooms\.localhost/);
  const info = await run(folder, ["muc", "info", `garden@${HOST}`]);
  assert.equal(info.status, 0, info.stderr);
  const backup = await run(folder, ["backup", "all.backup.gz"]);
  assert.equal(backup.status, 0, backup.stderr);
  assert.match(backup.stderr, /not in it: what has storage = "internal" is in .*data/);
  const doctor = await run(folder, ["doctor"]);
  assert.equal(doctor.status, 0, doctor.stdout + doctor.stderr);
});

test("Prosody's files are left alone while it runs", async () => {
  await using folder = await serverFolder(
    `data_path = "data"\nstorage = "internal"\npidfile = "prosody.pid"\n${SMALL_CONFIG}`,
  );
  await writeFile(join(folder.path, "prosody.pid"), `${process.pid}\n`);
  const { status, stderr } = await run(folder, [], { program: "chorus" });
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`in use by Prosody, process ${process.pid}: stop it first`));
});
