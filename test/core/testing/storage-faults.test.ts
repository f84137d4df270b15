import assert from "node:assert/strict";
import { it } from "node:test";
import type { Json } from "../../../core/storage/store.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";

const HOST = "rooms.example";

void it("keeps data from one storage to the next", async () => {
  const disk = new FaultyDisk();
  const first = await disk.open();
  await first.openStore(HOST, "config").set("orchard", 1);
  await assert.rejects(disk.open(), TypeError, "one storage at a time");
  await first.close();
  const second = await disk.open();
  assert.equal(await second.openStore(HOST, "config").get("orchard"), 1);
  await second.close();
  await disk.close();
});

void it("holds synced commits back until they are released, and lets unsynced ones pass before", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  const store = storage.openStore<number>(HOST, "config");
  const held = disk.holdSyncedCommits();
  await store.set("orchard", 1, { sync: false });
  let isWritten = false;
  const written = store.set("orchard", 2).then(() => {
    isWritten = true;
  });
  await held.arrived();
  assert.equal(isWritten, false);
  assert.equal(store.getSync?.("orchard"), undefined, "a value that is being written is not known at once");
  assert.equal(await store.get("garden"), undefined, "other data can be read meanwhile");
  held.release();
  await written;
  assert.equal(await store.get("orchard"), 2);
  await storage.close();
});

void it("fails as many synced commits as asked, and writes nothing of them", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  const store = storage.openStore<number>(HOST, "config");
  const error = new Error("disk full");
  disk.failSyncedCommits(error, 1);
  await assert.rejects(store.set("orchard", 1), { code: "STORAGE_WRITE_FAILED", cause: error });
  assert.equal(await store.get("orchard"), undefined);
  await store.set("orchard", 2);
  disk.failSyncedCommits();
  for (let at = 0; at < 3; at++) await assert.rejects(store.set("orchard", 3), { code: "STORAGE_WRITE_FAILED" });
  disk.repair();
  await store.set("garden", 4);
  assert.equal(await store.get("orchard"), 2);
  await storage.close();
});

void it("delays every commit by what it is given", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  const store = storage.openStore<number>(HOST, "config");
  const order: string[] = [];
  disk.slowCommits(async () => {
    order.push("waits");
    await Promise.resolve();
    order.push("goes on");
  });
  await store.set("orchard", 1, { sync: false });
  order.push("written");
  assert.deepEqual(order, ["waits", "goes on", "written"]);
  disk.repair();
  await storage.close();
});

void it("loses exactly what was not synced when the power goes", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  const store = storage.openStore<Json>(HOST, "config");
  const map = storage.openStore<Json, "map">(HOST, "persistent", "map");
  await store.set("orchard", "unsynced, then covered by a sync", { sync: false });
  await map.set(null, "orchard", true);
  await store.set("orchard", "unsynced", { sync: false });
  await store.set("garden", "unsynced", { sync: false });
  await map.set(null, "orchard", undefined, { sync: false });
  const held = disk.holdSyncedCommits();
  const lost = assert.rejects(store.set("meadow", "in flight"), { code: "STORAGE_WRITE_FAILED" });
  await held.arrived();
  await disk.cutPower();
  await lost;
  await assert.rejects(store.get("orchard"), { code: "STORAGE_READ_FAILED" });

  const after = await disk.open();
  const again = after.openStore<Json>(HOST, "config");
  assert.equal(await again.get("orchard"), "unsynced, then covered by a sync");
  assert.equal(await again.get("garden"), undefined);
  assert.equal(await again.get("meadow"), undefined);
  assert.deepEqual(await after.openStore(HOST, "persistent").get(null), { orchard: true });
  await after.close();
});

void it("loses nothing after an orderly close", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  void storage.openStore<number>(HOST, "config").set("orchard", 1, { sync: false });
  await storage.close();
  assert.equal(storage.counters.batches, 1);
  await disk.cutPower();
  const after = await disk.open();
  assert.equal(await after.openStore(HOST, "config").get("orchard"), 1);
  await after.close();
});
