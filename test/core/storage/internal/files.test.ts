/** Prosody's files as a database: what is in them, after crashes and beside damage. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import {
  apply,
  prepareAppend,
  prepareReplace,
  type FileChange,
} from "../../../../core/storage/internal/file-change.js";
import { encodeKey } from "../../../../core/storage/key.js";
import { openLevelDriver } from "../../../../core/storage/level-driver.js";
import { openStorage, type OpenStorage } from "../../../../core/storage/open.js";
import type { Json } from "../../../../core/storage/store.js";
import { HOST, bodies, collect, said } from "../conformance.js";

/** The folder of {@link HOST}, as Prosody names it. */
const FOLDER = "rooms%2eexample";

function item(id: string, text: string, when: number): string {
  return `item({\n\t{\n\t\t"${text}";\n\t\t["name"] = "body";\n\t\t["attr"] = {};\n\t};\n\t["name"] = "message";\n\t["attr"] = {\n\t\t["type"] = "groupchat";\n\t};\n\t["key"] = "${id}";\n\t["when"] = ${when};\n});\n`;
}

/** A data folder. */
class DataFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<DataFolder> {
    return new DataFolder(await mkdtemp(join(tmpdir(), "chorus-internal-")));
  }

  file(name: string): string {
    return join(this.path, FOLDER, name);
  }

  async put(name: string, content: string): Promise<void> {
    await mkdir(dirname(this.file(name)), { recursive: true });
    await writeFile(this.file(name), content);
  }

  read(name: string): Promise<string | undefined> {
    return readFile(this.file(name), "utf8").catch(() => undefined);
  }

  async using(use: (storage: OpenStorage) => Promise<void>): Promise<void> {
    const storage = await openStorage({ driver: "internal", path: this.path });
    try {
      await use(storage);
    } finally {
      await storage.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

const log = (storage: OpenStorage) => storage.openStore<Json, "archive">(HOST, "muc_log", "archive");

void describe("Prosody's files as a database", () => {
  void it("are read as Prosody left them, and written as it writes them", async () => {
    await using folder = await DataFolder.make();
    await folder.put(
      "config/garden.dat",
      'return {\n\t["_jid"] = "garden@rooms.example";\n\t["_data"] = {\n\t\t["name"] = "Garden";\n\t};\n\t["_affiliation_data"] = {};\n\t["juliet@example.org"] = "owner";\n};\n',
    );
    await folder.put("persistent.dat", 'return {\n\t["garden@rooms.example"] = true;\n};\n');
    await folder.put("muc_log/garden.list", item("a", "one", 10) + item("b", "two", 20.25));
    await folder.using(async (storage) => {
      assert.deepEqual(await storage.openStore(HOST, "config").get("garden"), {
        _jid: "garden@rooms.example",
        _data: { name: "Garden" },
        _affiliations: { "juliet@example.org": "owner" },
        _affiliation_data: {},
      });
      assert.equal(
        await storage.openStore<Json, "map">(HOST, "persistent", "map").get(null, "garden@rooms.example"),
        true,
      );
      assert.deepEqual(await bodies(log(storage), "garden"), ["one", "two"]);
      await log(storage).append("garden", "c", said("three"), 1795216631.5, "message<groupchat").written;
      await storage.openStore(HOST, "notes").set("é_1", { a: [1.5, "x\n"] });
    });
    assert.equal(
      await folder.read("muc_log/garden.list"),
      item("a", "one", 10) +
        item("b", "two", 20.25) +
        'item({\n\t{\n\t\t"three";\n\t\t["name"] = "body";\n\t\t["attr"] = {};\n\t};\n\t["name"] = "message";\n\t["attr"] = {\n\t\t["type"] = "groupchat";\n\t\t["stamp"] = "2026-11-20T23:17:11.500Z";\n\t};\n\t["key"] = "c";\n\t["when"] = 1795216631;\n\t["with"] = "message<groupchat";\n});\n',
    );
    assert.equal(await folder.read("notes/%c3%a9%5f1.dat"), 'return {\n\t["a"] = {\n\t\t1.5;\n\t\t"x\\n";\n\t};\n};\n');
  });

  void it("keep no index of Prosody's that is older than its list, and nothing of what was removed", async () => {
    await using folder = await DataFolder.make();
    await folder.put("muc_log/garden.list", item("a", "one", 10));
    await folder.put("muc_log/garden.lidx", "stale");
    await folder.using(async (storage) => {
      await log(storage).append("garden", null, said("two"), 20).written;
      assert.deepEqual(await readdir(folder.file("muc_log")), ["garden.list"]);
      await log(storage).delete("garden");
      await storage.openStore(HOST, "config").set("garden", { a: 1 });
      await storage.openStore(HOST, "config").set("garden", undefined);
      assert.deepEqual(await readdir(folder.file("muc_log")), []);
      assert.deepEqual(await readdir(folder.file("config")), []);
    });
  });

  void it("lose no message beside a damaged one, and write behind what is whole", async () => {
    await using folder = await DataFolder.make();
    const damaged = "item({ nothing of ours });\n";
    await folder.put(
      "muc_log/garden.list",
      `${item("a", "one", 10)}${damaged}${item("b", "two", 20)}${item("a", "again", 30)}item({\n\t["name"] = "mess`,
    );
    await folder.using(async (storage) => {
      const archive = log(storage);
      assert.deepEqual(await bodies(archive, "garden"), ["two", "again"]);
      await archive.append("garden", "c", said("three"), 40).written;
      assert.deepEqual(await bodies(archive, "garden"), ["two", "again", "three"]);
      await archive.delete("garden", { key: "b" });
      assert.deepEqual(await bodies(archive, "garden"), ["again", "three"]);
    });
    assert.ok((await folder.read("muc_log/garden.list"))?.startsWith(damaged), "it is left to whoever can mend it");
    await folder.using(async (storage) => assert.deepEqual(await bodies(log(storage), "garden"), ["again", "three"]));
  });

  void it("are not added to when something else has changed them meanwhile", async () => {
    await using folder = await DataFolder.make();
    await folder.using(async (storage) => {
      await log(storage).append("garden", "a", said("one"), 10).written;
      const content = (await folder.read("muc_log/garden.list")) ?? "";
      await folder.put("muc_log/garden.list", content + item("b", "of Prosody's", 20));
      await assert.rejects(log(storage).append("garden", "c", said("three"), 30).written, /is Prosody running/);
    });
    await folder.using(async (storage) =>
      assert.deepEqual(await bodies(log(storage), "garden"), ["one", "of Prosody's"]),
    );
  });

  void it("are all as before when one of a batch cannot be written", async () => {
    await using folder = await DataFolder.make();
    await mkdir(folder.file("config/garden.dat~"), { recursive: true }); // in the way
    await folder.using(async (storage) => {
      const config = storage.openStore<Json>(HOST, "config");
      await config.set("orchard", { a: 1 });
      await log(storage).append("garden", "a", said("one"), 10).written;
      const before = await folder.read("muc_log/garden.list");
      const failed = [
        config.set("orchard", { a: 2 }),
        log(storage).append("garden", "b", said("two"), 20).written,
        config.set("garden", { a: 2 }),
      ];
      for (const one of failed) await assert.rejects(one, { code: "STORAGE_WRITE_FAILED" });
      assert.deepEqual(await config.get("orchard"), { a: 1 });
      assert.deepEqual(await bodies(log(storage), "garden"), ["one"]);
      assert.equal(await folder.read("muc_log/garden.list"), before);
      await log(storage).append("garden", "b", said("three"), 20).written;
      assert.deepEqual(await bodies(log(storage), "garden"), ["one", "three"]);
    });
  });

  void it("refuse a name that no file can have, alone", async () => {
    await using folder = await DataFolder.make();
    await folder.using(async (storage) => {
      const config = storage.openStore<Json>(HOST, "config");
      const long = "-".repeat(84);
      const refused = config.set(long, { a: 1 });
      const other = config.set("-".repeat(83), { a: 1 });
      await assert.rejects(refused, { code: "STORAGE_WRITE_FAILED" });
      await assert.rejects(log(storage).append(long, null, said("x")).written, { code: "STORAGE_WRITE_FAILED" });
      await other;
      assert.equal(await config.get(long), undefined);
      assert.deepEqual(await bodies(log(storage), long), []);
    });
  });

  void it("are many, of which few are held open", async () => {
    await using folder = await DataFolder.make();
    const rooms = Array.from({ length: 450 }, (_, at) => `room${String(at).padStart(3, "0")}`);
    await folder.using(async (storage) => {
      for (const text of ["one", "two"]) {
        const all = rooms.map((room) =>
          log(storage).append(room, null, said(`${text} in ${room}`), 1, "", { sync: false }),
        );
        await Promise.all(all.map(({ written }) => written));
      }
      for (const room of rooms)
        assert.deepEqual(await bodies(log(storage), room), [`one in ${room}`, `two in ${room}`]);
      assert.deepEqual(await collect(log(storage).users()), rooms);
      const open = await readdir("/proc/self/fd").catch(() => []);
      assert.ok(open.length < 300, `${open.length} open files`);
    });
  });

  void it("are locked while they are in use", async () => {
    await using folder = await DataFolder.make();
    await folder.using(() =>
      assert.rejects(openStorage({ driver: "internal", path: folder.path }), { code: "STORAGE_LOCKED" }),
    );
  });
});

void describe("a batch of several files, after a crash", () => {
  const BEFORE = 'return {\n\t["a"] = 1;\n};\n';
  const AFTER = 'return {\n\t["a"] = 2;\n};\n';

  /** Prepares a batch of every kind of change, and writes it down. */
  async function writtenDown(folder: DataFolder): Promise<FileChange[]> {
    await folder.put("config/orchard.dat", BEFORE);
    await folder.put("config/gone.dat", BEFORE);
    await folder.put("muc_log/garden.list", item("a", "one", 10));
    const end = item("a", "one", 10).length;
    const changes = [
      await prepareReplace(folder.file("config/orchard.dat"), [AFTER], { sync: true }),
      await prepareAppend(folder.file("muc_log/garden.list"), end, item("b", "two", 20), { sync: true }),
      await prepareReplace(folder.file("config/gone.dat"), ["return {};\n"], { sync: true, isEmpty: true }),
    ];
    await writeDown(folder, changes);
    return changes;
  }

  async function writeDown(folder: DataFolder, changes: readonly FileChange[]): Promise<void> {
    const state = await openLevelDriver(join(folder.path, "chorus.internal"));
    await state.batch([{ key: encodeKey(["journal"]), value: JSON.stringify(changes) }], { sync: true });
    await state.close();
  }

  async function assertDone(folder: DataFolder): Promise<void> {
    await folder.using(async (storage) => {
      const config = storage.openStore<Json>(HOST, "config");
      assert.deepEqual(await config.get("orchard"), { a: 2 });
      assert.equal(await config.get("gone"), undefined);
      assert.deepEqual(await bodies(log(storage), "garden"), ["one", "two"]);
    });
    assert.equal(await folder.read("muc_log/garden.list"), item("a", "one", 10) + item("b", "two", 20));
    assert.deepEqual((await readdir(folder.file("config"))).sort(), ["orchard.dat"]);
  }

  for (const done of [0, 1, 2, 3]) {
    void it(`is done when ${done} of its changes were made before`, async () => {
      await using folder = await DataFolder.make();
      for (const change of (await writtenDown(folder)).slice(0, done)) await apply(change);
      await assertDone(folder);
    });
  }

  void it("is done when a message was written in part", async () => {
    await using folder = await DataFolder.make();
    const [, append] = await writtenDown(folder);
    assert.ok(append?.do === "append");
    const text = (await folder.read("muc_log/garden.list")) ?? "";
    const half = append.text.slice(0, 40);
    await folder.put("muc_log/garden.list", text.slice(0, append.at) + half.padEnd(text.length - append.at));
    await assertDone(folder);
  });

  void it("is not done again over what came later", async () => {
    await using folder = await DataFolder.make();
    const changes = await writtenDown(folder);
    await assertDone(folder);
    const later = async (): Promise<unknown[]> => [
      await folder.read("config/orchard.dat"),
      await folder.read("config/gone.dat"),
      await folder.read("muc_log/garden.list"),
    ];
    await folder.using(async (storage) => {
      const config = storage.openStore<Json>(HOST, "config");
      await config.set("orchard", { a: 3 });
      await config.set("gone", { a: 3 });
      await log(storage).delete("garden", { key: "a" });
    });
    const before = await later();
    await writeDown(folder, changes); // as a disk may bring it back that lost the last moment before a power failure
    await folder.put("config/orchard.dat~", "half of someth");
    await folder.using(() => Promise.resolve());
    assert.deepEqual(await later(), before);
  });
});
