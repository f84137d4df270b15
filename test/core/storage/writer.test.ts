import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { openStorage, type OpenStorage } from "../../../core/storage/open.js";
import type { ArchiveStore, Json, KeyvalStore } from "../../../core/storage/store.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import { HOST, bodies, said } from "./conformance.js";

async function open(): Promise<{
  disk: FaultyDisk;
  storage: OpenStorage;
  config: KeyvalStore<number>;
  log: ArchiveStore;
}> {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  const config = storage.openStore<number>(HOST, "config");
  return { disk, storage, config, log: storage.openStore<Json, "archive">(HOST, "muc_log", "archive") };
}

/** The turn of the event loop after this one. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

void describe("the one writer", () => {
  void it("never lets an older save win over a newer one, whatever their sync", async () => {
    const { storage, config } = await open();
    for (let round = 0; round < 50; round++) {
      const older = config.set("orchard", round * 2, { sync: round % 2 === 0 });
      if (round % 3 === 0) await nextTurn();
      const newer = config.set("orchard", round * 2 + 1, { sync: round % 2 === 1 });
      await Promise.all([newer, older]);
      assert.equal(await config.get("orchard"), round * 2 + 1);
    }
    await storage.close();
  });

  void it("writes what one turn issues as one batch, synced if any of it asked", async () => {
    const { storage, config, log } = await open();
    await Promise.all([
      config.set("a", 1, { sync: false }),
      log.append("a", null, said("x"), undefined, undefined, { sync: false }).written,
    ]);
    assert.deepEqual({ ...storage.counters, reads: 0 }, { batches: 1, syncedBatches: 0, reads: 0 });
    await Promise.all([config.set("a", 1, { sync: false }), config.set("b", 1), config.set("c", 1, { sync: false })]);
    assert.deepEqual({ ...storage.counters, reads: 0 }, { batches: 2, syncedBatches: 1, reads: 0 });
    await storage.close();
  });

  void it("needs few batches for many synced changes", async () => {
    const { storage, config } = await open();
    let left = 50;
    const change = async (room: string): Promise<void> => {
      for (let at = 0; at < 4; at++) {
        await config.set(room, at);
        await nextTurn();
      }
      left--;
    };
    await Promise.all(Array.from({ length: 50 }, (_, at) => change(`room${at}`)));
    assert.equal(left, 0);
    assert.ok(storage.counters.syncedBatches <= 12, `${storage.counters.syncedBatches} syncs for 200 changes`);
    await storage.close();
  });

  void it("has one batch under way at most, and makes what arrives meanwhile the next", async () => {
    const { disk, storage, config } = await open();
    let underWay = 0;
    let most = 0;
    disk.slowCommits(async () => {
      most = Math.max(most, ++underWay);
      await nextTurn();
      underWay--;
    });
    const written: Promise<void>[] = [];
    for (let turn = 0; turn < 20; turn++) {
      written.push(config.set("orchard", turn), config.set(`room${turn}`, turn, { sync: false }));
      await nextTurn();
    }
    await Promise.all(written);
    assert.equal(most, 1);
    assert.equal(await config.get("orchard"), 19);
    await storage.close();
  });

  void it("settles changes in the order in which they were issued", async () => {
    const { storage, config } = await open();
    const order: number[] = [];
    const written = Array.from({ length: 10 }, async (_, at) => {
      await config.set(`room${at % 3}`, at);
      order.push(at);
    });
    await Promise.all(written);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await storage.close();
  });

  void it("rejects a whole failed batch with its cause, and goes on with the next", async () => {
    const { disk, storage, config, log } = await open();
    await config.set("orchard", 1);
    const error = new Error("disk full");
    disk.failSyncedCommits(error, 1);
    using held = disk.holdSyncedCommits();
    const failing = [config.set("orchard", 2), config.set("garden", 2, { sync: false })];
    const entry = log.append("orchard", null, said("lost"));
    await held.arrived();
    const next = config.set("meadow", 3);
    const read = config.get("orchard");
    held.release();
    for (const result of await Promise.allSettled([...failing, entry.written])) {
      assert.equal(result.status, "rejected");
      assert.equal((result.reason as { code: string }).code, "STORAGE_WRITE_FAILED");
      assert.equal((result.reason as { cause: unknown }).cause, error);
    }
    await next;
    assert.equal(await read, 1, "a read that waited for the failed change sees what was there before");
    assert.equal(await config.get("garden"), undefined);
    assert.equal(await config.get("meadow"), 3);
    assert.deepEqual(await bodies(log, "orchard"), []);
    assert.equal((await log.find("orchard", { total: true }))?.total, 0);
    await storage.close();
  });

  void it("keeps the views of a store one when the change that would have split it failed", async () => {
    const { disk, storage } = await open();
    const plus = storage.openStore<Json, "keyval+">(HOST, "vcard", "keyval+");
    await plus.set("orchard", { a: 1 });
    disk.failSyncedCommits(undefined, 1);
    await assert.rejects(plus.setKey("orchard", "b", 2), { code: "STORAGE_WRITE_FAILED" });
    assert.deepEqual(await plus.get("orchard"), { a: 1 });
    await plus.set("garden", { c: 3 });
    await plus.setKey("orchard", "b", 2);
    await storage.close();
    const after = await disk.open();
    assert.deepEqual(await after.openStore(HOST, "vcard").get("orchard"), { a: 1, b: 2 });
    assert.deepEqual(await after.openStore(HOST, "vcard").get("garden"), { c: 3 });
    await after.close();
  });

  void it("is idle once everything issued is written or failed, and says so without an error", async () => {
    const { disk, storage, config } = await open();
    await storage.idle();
    disk.failSyncedCommits(undefined, 1);
    const failed = assert.rejects(config.set("orchard", 1), { code: "STORAGE_WRITE_FAILED" });
    await storage.idle();
    await failed;
    using held = disk.holdSyncedCommits();
    const first = config.set("orchard", 1);
    await held.arrived();
    const second = config.set("orchard", 2);
    const idle = storage.idle();
    held.release();
    await idle;
    assert.deepEqual(config.getSync?.("orchard"), { value: 2 });
    await Promise.all([first, second]);
    await storage.close();
  });

  void it("does not bring the process down when nobody looks at a failed append", async () => {
    const { disk, storage, log } = await open();
    disk.failSyncedCommits(undefined, 1);
    log.append("orchard", null, said("lost"));
    await storage.idle();
    await nextTurn();
    assert.deepEqual(await bodies(log, "orchard"), []);
    await storage.close();
  });
});

void describe("what is to be synced soon", () => {
  const soon = { sync: "soon" } as const;

  void it("is written at once and synced within 100 ms, once for all", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const { disk, storage, config, log } = await open();
      await log.append("orchard", null, said("x"), undefined, undefined, soon).written;
      await config.set("garden", 1, soon);
      assert.equal(storage.counters.syncedBatches, 0);
      mock.timers.tick(100);
      await storage.idle();
      assert.equal(storage.counters.syncedBatches, 1);
      mock.timers.tick(1000);
      await storage.idle();
      assert.equal(storage.counters.syncedBatches, 1, "nothing to sync, no sync");
      await config.set("garden", 2, { sync: false });
      mock.timers.tick(1000);
      await storage.idle();
      await disk.cutPower();
      const after = await disk.open();
      assert.equal(await after.openStore(HOST, "config").get("garden"), 1);
      const logAfter = after.openStore<Json, "archive">(HOST, "muc_log", "archive");
      assert.deepEqual(await bodies(logAfter, "orchard"), ["x"]);
      await after.close();
    } finally {
      mock.timers.reset();
    }
  });

  void it("needs no sync of its own after one that somebody waited for, and is tried again after one that failed", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const { disk, storage, config } = await open();
      await config.set("orchard", 1, soon);
      await config.set("garden", 1);
      mock.timers.tick(100);
      await storage.idle();
      assert.equal(storage.counters.syncedBatches, 1);
      disk.failSyncedCommits(undefined, 1);
      await config.set("orchard", 2, soon);
      mock.timers.tick(100);
      await storage.idle();
      await nextTurn();
      assert.equal(storage.counters.syncedBatches, 1);
      mock.timers.tick(100);
      await storage.idle();
      assert.equal(storage.counters.syncedBatches, 2);
      await storage.close();
    } finally {
      mock.timers.reset();
    }
  });
});

void describe("ids of archive entries", () => {
  void it("sort by time, and in the order of appending even when the clock stands still or goes back", async () => {
    let now = Date.UTC(2026, 0, 1);
    const storage = await openStorage({ driver: "memory" }, () => now);
    const log = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
    const ids: string[] = [];
    for (let at = 0; at < 9000; at++) {
      if (at === 5000) now -= 1_800_000;
      if (at === 8000) now += 7_200_000;
      ids.push(log.append("orchard", null, said(String(at))).id);
    }
    assert.deepEqual([...ids].sort(), ids);
    assert.equal(new Set(ids).size, ids.length);
    assert.match(ids[0] ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt((ids[8000] ?? "").replace("-", "").slice(0, 12), 16), now);
    const found = (await bodies(log, "orchard", { after: ids[4990], limit: 4009 })) ?? [];
    assert.deepEqual(
      found,
      Array.from({ length: 4009 }, (_, at) => String(4991 + at)),
    );
    await storage.close();
  });

  void it("go on after a restart from where they were, but do not hold on to a time that was wrong", async () => {
    let now = Date.UTC(2026, 0, 1);
    const disk = new FaultyDisk();
    const append = async (text: string): Promise<void> => {
      const storage = await disk.open(() => now);
      await storage.openStore<Json, "archive">(HOST, "muc_log", "archive").append("orchard", null, said(text)).written;
      await storage.close();
    };
    await append("first");
    await append("in the same millisecond");
    now -= 60_000;
    await append("a minute back");
    now = Date.UTC(2038, 0, 1);
    await append("in a wrong year");
    now = Date.UTC(2026, 0, 2);
    await append("in the right one again");
    const storage = await disk.open();
    const log = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
    assert.deepEqual(await bodies(log, "orchard"), [
      "first",
      "in the same millisecond",
      "a minute back",
      "in the right one again",
      "in a wrong year",
    ]);
    await storage.close();
  });
});
