import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { checkRecords } from "../../../core/backup/check-records.js";
import { positionOf } from "../../../core/storage/archive-position.js";
import { encodeKey } from "../../../core/storage/key.js";
import { openLevelDriver } from "../../../core/storage/level-driver.js";
import { openStorage } from "../../../core/storage/open.js";
import type { Json } from "../../../core/storage/store.js";
import { HOST, bodies, collect, conformance, said } from "./conformance.js";

conformance("level", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chorus-storage-"));
  return {
    storage: await openStorage({ driver: "level", path: join(folder, "data", "store") }),
    remove: () => rm(folder, { recursive: true }),
  };
});

void it("keeps everything over a restart, also which form the values of a store have", async () => {
  const path = await mkdtemp(join(tmpdir(), "chorus-storage-"));
  try {
    const before = await openStorage({ driver: "level", path });
    const log = before.openStore<Json, "archive">(HOST, "muc_log", "archive");
    const first = log.append("orchard", null, said("first"));
    log.append("orchard", null, said("second"), undefined, undefined, { sync: false });
    await before.openStore<Json, "map">(HOST, "persistent", "map").set(null, "orchard", true);
    const unawaited = before.openStore<Json>(HOST, "config").set("orchard", { a: [1] }, { sync: false });
    await before.close();
    await unawaited;

    const after = await openStorage({ driver: "level", path });
    const logAgain = after.openStore<Json, "archive">(HOST, "muc_log", "archive");
    assert.deepEqual(await bodies(logAgain, "orchard", { after: first.id }), ["second"]);
    assert.deepEqual(await after.openStore(HOST, "config").get("orchard"), { a: [1] });
    const persistent = after.openStore<Json, "keyval+">(HOST, "persistent", "keyval+");
    assert.deepEqual(await persistent.get(null), { orchard: true });
    await persistent.set(null, { garden: true });
    assert.equal(await persistent.getKey(null, "orchard"), undefined);
    await after.close();
  } finally {
    await rm(path, { recursive: true });
  }
});

/** Opens a database with some records, as a driver has them, in a folder that is gone afterwards. */
async function withRecords(
  records: readonly (readonly [key: readonly string[], value: string])[],
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "chorus-storage-"));
  try {
    const driver = await openLevelDriver(path);
    await driver.batch(
      records.map(([key, value]) => ({ key: encodeKey(key), value })),
      { sync: true },
    );
    await driver.close();
    await use(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

void it("reads an archive of the layout in which a record of its own told where an entry is", async () => {
  const id = "01933f5e-8c00-7000-8123-456789abcdef";
  const when = 0x01933f5e8c00 / 1000;
  const place = positionOf(when, id.replaceAll("-", ""));
  const entry = JSON.stringify([id, when, "", '<message type="groupchat"><body>old</body></message>']);
  const archive = [HOST, "muc_log", "orchard"];
  const records = [
    [["format"], "1"],
    [["archive", ...archive, place], entry],
    [["archive-id", ...archive, id], place],
    [["archive-count", ...archive], "1"],
  ] as const;
  await withRecords(records, async (path) => {
    const storage = await openStorage({ driver: "level", path });
    const log = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
    log.append("orchard", null, said("new"));
    assert.deepEqual(await bodies(log, "orchard"), ["old", "new"]);
    assert.deepEqual(await bodies(log, "orchard", { after: id }), ["new"]);
    assert.equal(await log.delete("orchard", { key: id }), 1);
    assert.equal(await bodies(log, "orchard", { after: id }), undefined);
    await storage.close();
    const driver = await openLevelDriver(path);
    assert.deepEqual(await collect(checkRecords(driver)), []);
    await driver.close();
  });
});

void it("does not touch a database of a layout that it does not know", async () => {
  await withRecords([[["format"], "999"]], async (path) => {
    await assert.rejects(openStorage({ driver: "level", path }), { code: "STORAGE_CORRUPT" });
    const driver = await openLevelDriver(path);
    assert.equal(await driver.get(encodeKey(["format"])), "999");
    await driver.close();
  });
});

void it("keeps an archived message in one record", async () => {
  const path = await mkdtemp(join(tmpdir(), "chorus-storage-"));
  try {
    const storage = await openStorage({ driver: "level", path });
    const log = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
    const before = (await collect(storage.snapshot())).length;
    await log.append("orchard", null, said("first")).written;
    const first = (await collect(storage.snapshot())).length;
    for (let n = 0; n < 10; n++) await log.append("orchard", null, said("more")).written;
    assert.deepEqual([first > before, (await collect(storage.snapshot())).length - first], [true, 10]);
    await storage.close();
  } finally {
    await rm(path, { recursive: true });
  }
});
