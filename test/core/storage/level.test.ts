import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { openStorage } from "../../../core/storage/open.js";
import type { Json } from "../../../core/storage/store.js";
import { HOST, bodies, conformance, said } from "./conformance.js";

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
