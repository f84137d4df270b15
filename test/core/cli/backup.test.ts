import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { chorus, run, serverFolder, SMALL_CONFIG, type ServerFolder } from "../../support/cli.js";

const CONFIG = `data_path = "data"\n${SMALL_CONFIG}`;

async function addUser(folder: ServerFolder, user: string): Promise<string> {
  const { stdout, stderr } = await run(folder, ["adduser", `${user}@localhost`, "--password-stdin"], { input: "x\n" });
  return stdout + stderr;
}

test("a backup of the running server is restored when it is stopped; what was there is kept", async () => {
  await using folder = await serverFolder(CONFIG);
  const server = chorus(folder);
  await server.printed(/chorus ready/);
  await addUser(folder, "romeo");
  const backup = await run(folder, ["backup", "."]);
  assert.deepEqual([backup.status, backup.stderr], [0, ""]);
  const file = /^(\S+Z\.backup\.gz): \d+ records/.exec(backup.stdout)?.[1] ?? "";
  await addUser(folder, "juliet");
  const online = await run(folder, ["restore", file, "--force"]);
  assert.deepEqual([online.status, /stop it first/.test(online.stderr)], [1, true], online.stderr);
  assert.equal(await server.stop(), 0);

  const unforced = await run(folder, ["restore", file]);
  assert.deepEqual([unforced.status, /there is data in .*--force/.test(unforced.stderr)], [1, true], unforced.stderr);
  const forced = await run(folder, ["restore", file, "--force"]);
  assert.equal(forced.status, 0, forced.stderr);
  const kept = (await readdir(join(folder.path, "data"))).filter((name) => name.startsWith("level.before-restore-"));
  assert.equal(kept.length, 1, "kept beside it");
  assert.match(await addUser(folder, "romeo"), /exists|already|taken/, "was there when the backup was made");
  assert.match(await addUser(folder, "juliet"), /juliet@localhost can log in/, "came later");
});

test("a backup is made of the data of a server that does not run", async () => {
  await using folder = await serverFolder(CONFIG);
  await addUser(folder, "romeo");
  const backup = await run(folder, ["backup", "copy.gz"]);
  assert.deepEqual([backup.status, backup.stderr], [0, ""]);
  const again = await run(folder, ["backup", "copy.gz"]);
  assert.deepEqual([again.status, /is there already/.test(again.stderr)], [1, true], again.stderr);
  await rm(join(folder.path, "data"), { recursive: true });
  assert.equal((await run(folder, ["restore", "copy.gz"])).status, 0);
  assert.match(await addUser(folder, "romeo"), /exists|already|taken/);
});

test("a database that a process uses is not replaced, whether that answers or not, and its LOCK stays", async () => {
  await using folder = await serverFolder(CONFIG);
  await addUser(folder, "romeo");
  await run(folder, ["backup", "copy.gz"]);
  const server = chorus(folder);
  await server.printed(/chorus ready/);
  await rm(join(folder.path, "data", "chorus.sock"), { force: true });
  const locked = await run(folder, ["restore", "copy.gz", "--force"]);
  assert.deepEqual([locked.status, /in use by process \d+/.test(locked.stderr)], [1, true], locked.stderr);
  assert.ok(existsSync(join(folder.path, "data", "level", "LOCK")));
  assert.equal((await readdir(join(folder.path, "data"))).filter((name) => name.startsWith("level.")).length, 0);
});
