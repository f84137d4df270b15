/** An import that ends on the way, by a kill or a full disk, is done again: nothing is missing then, and nothing is there twice. */
import assert from "node:assert/strict";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { openStorage } from "../../../../core/storage/open.js";
import type { Storage } from "../../../../core/storage/store.js";
import { startChild, type Child } from "../../../support/child.js";
import { serverFolder, type ServerFolder } from "../../../support/cli.js";
import { Random } from "../../../support/random.js";
import { archived, CHORUS, HOST, ProsodyFolder, room, ROOMS } from "./prosody-data.js";

const CHORUSCTL = resolve(import.meta.dirname, "../../../../core/cli/chorusctl.js");
const SEED = 20261121;
const KILLS = 8;
const NODES = Array.from({ length: 12 }, (_, at) => `room${at}`);
const USERS = ["juliet", "romeo"];
/** Many messages have one time, as their order must stay, too. */
const MESSAGES = Array.from({ length: 1500 }, (_, at) => archived(`id-${at}`, `words ${at}`, Math.floor(at / 50))).join(
  "",
);

const FILES: Readonly<Record<string, string>> = Object.fromEntries([
  ...NODES.flatMap((node) => [
    [`${HOST}/config/${node}.dat`, room(node, `["name"] = "${node}";`)],
    [`${HOST}/muc_log/${node}.list`, MESSAGES],
    [`${HOST}/vcard_muc/${node}.dat`, 'return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; };'],
  ]),
  ...USERS.flatMap((user) => [
    [`localhost/accounts/${user}.dat`, 'return { ["password"] = "secret"; };'],
    [`localhost/roster/${user}.dat`, 'return { [false] = { ["version"] = 1; ["pending"] = {}; }; };'],
    [`localhost/offline/${user}.list`, archived("kept", "kept", 5)],
  ]),
]);

/** Everything that came over, by store and user. */
async function contentOf(storage: Storage): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {};
  const hostsOf = { [ROOMS]: ["config", "vcard_muc"], localhost: ["accounts", "roster"] };
  for (const [host, stores] of Object.entries(hostsOf)) {
    for (const name of stores) {
      const store = storage.openStore(host, name);
      for await (const user of store.users()) content[`${name}/${user}`] = await store.get(user);
    }
  }
  content["persistent"] = await storage.openStore(ROOMS, "persistent").get(null);
  for (const [host, name] of [
    [ROOMS, "muc_log"],
    ["localhost", "offline"],
  ] as const) {
    const store = storage.openStore<never, "archive">(host, name, "archive");
    for await (const user of store.users()) {
      const page = await store.find(user, { total: true });
      const found: unknown[] = [page?.total];
      for await (const { id, when, stanza, with: kind } of page?.items ?? []) {
        found.push([id, when, kind, stanza.toString()].join(" "));
      }
      content[`${name}/${user}`] = found;
    }
  }
  return content;
}

async function contentIn(folder: ServerFolder): Promise<Record<string, unknown>> {
  const storage = await openStorage({ driver: "level", path: join(folder.path, "data", "level") });
  try {
    return await contentOf(storage);
  } finally {
    await storage.close();
  }
}

/** Bytes of the database so far. */
async function sizeOf(folder: ServerFolder): Promise<number> {
  const path = join(folder.path, "data", "level");
  const names = await readdir(path).catch(() => []);
  const sizes = names.map(async (name) => (await stat(join(path, name)).catch(() => undefined))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function startImport(folder: ServerFolder): Child {
  const words = ["import", "prosody", "--config", "source.cfg.lua", "--data-path", "prosody", "--into=prosody.cfg.lua"];
  const child = startChild(process.execPath, [CHORUSCTL, ...words], { cwd: folder.path });
  folder.children.push(child);
  return child;
}

test(`killed at ${KILLS} moments and done again, it is what it is when nobody kills it (seed ${SEED})`, async () => {
  await using folder = await serverFolder(`data_path = "data"\n${CHORUS}`);
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(join(folder.path, "prosody", name, ".."), { recursive: true });
    await writeFile(join(folder.path, "prosody", name), text);
  }
  await writeFile(join(folder.path, "source.cfg.lua"), `VirtualHost "localhost"\nComponent "${ROOMS}" "muc"`);
  const whole = startImport(folder);
  assert.equal(await whole.exited, 0, whole.output);
  const expected = await contentIn(folder);
  assert.equal(Object.keys(expected).length, 1 + NODES.length * 3 + USERS.length * 3);
  const size = await sizeOf(folder);
  await rm(join(folder.path, "data"), { recursive: true });

  const random = new Random(SEED);
  let killed = 0;
  for (let at = 0; at < KILLS; at++) {
    const before = await sizeOf(folder);
    const wanted = before + random.below(size * 0.8);
    const child = startImport(folder);
    let isOver = false;
    void child.exited.then(() => (isOver = true));
    while (!isOver && (await sizeOf(folder)) < wanted) await setImmediate();
    if ((await child.stop("SIGKILL")) === "SIGKILL") killed++;
  }
  assert.ok(killed >= KILLS / 2, `only ${killed} were killed on the way`);
  const last = startImport(folder);
  assert.equal(await last.exited, 0, last.output);
  assert.match(last.output, /muc_log: 18000 messages in, 18000 out\n/);
  assert.deepEqual(await contentIn(folder), expected);
});

test("when the disk is full, wherever that is, it ends and says so, and is whole when it is done again", async () => {
  const files = Object.fromEntries(Object.entries(FILES).filter(([name]) => !/room([1-9])/.test(name)));
  let expected: Record<string, unknown> | undefined;
  for (const room of [Infinity, 0, 1, 5, 9]) {
    await using folder = await ProsodyFolder.make(files);
    let commits = 0;
    folder.disk.slowCommits(() => (++commits > room ? Promise.reject(new Error("no space left")) : Promise.resolve()));
    const first = await folder.import();
    if (room === Infinity) {
      assert.equal(first.status, 0, first.lines.join("\n"));
      assert.ok(commits > 9, String(commits));
      expected = await contentOf(folder.storage);
      continue;
    }
    assert.equal(first.status, 1);
    assert.match(first.lines.join("\n"), /STORAGE_WRITE_FAILED: .*no space left\nit ended there, unfinished/);
    folder.disk.repair();
    const again = await folder.import();
    assert.equal(again.status, 0, again.lines.join("\n"));
    assert.deepEqual(await contentOf(folder.storage), expected);
  }
});
