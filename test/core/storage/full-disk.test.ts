import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { openStorage } from "../../../core/storage/open.js";
import { HOST } from "./conformance.js";

const SMALL = 100_000;

/** Makes the system refuse this process to let a file grow beyond so many bytes, as a full disk does. */
function limitFiles(bytes: number | "unlimited"): void {
  execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:`]);
}

const canLimit = spawnSync("prlimit", ["--pid", String(process.pid), "--fsize"]).status === 0;

void it(
  "keeps what was acknowledged after a disk was full, and reads while it is",
  { skip: canLimit ? false : "needs prlimit (util-linux)" },
  async () => {
    const path = await mkdtemp(join(tmpdir(), "chorus-storage-"));
    const storage = await openStorage({ driver: "level", path });
    const store = storage.openStore<string>(HOST, "config");
    const acknowledged = new Map<string, string>();
    const fill = async (from: number, to: number): Promise<number> => {
      let refused = 0;
      for (let at = from; at < to; at++) {
        const value = `${at}`.repeat(500);
        try {
          await store.set(`room${at}`, value, { sync: at % 2 === 0 });
          acknowledged.set(`room${at}`, value);
        } catch (error) {
          assert.equal((error as { code: string }).code, "STORAGE_WRITE_FAILED");
          refused++;
        }
      }
      return refused;
    };
    try {
      limitFiles(SMALL);
      const refused = await fill(0, 200);
      assert.ok(refused > 10 && refused < 200, `${refused} of 200 refused`);
      assert.equal(await store.get("room1"), acknowledged.get("room1"));
      assert.deepEqual(store.getSync?.("room2"), { value: acknowledged.get("room2") });
      limitFiles("unlimited");
      assert.equal(await fill(200, 300), 0);
      for (const [room, value] of acknowledged) assert.equal(await store.get(room), value);
    } finally {
      limitFiles("unlimited");
      await storage.close();
    }
    const after = await openStorage({ driver: "level", path });
    const again = after.openStore<string>(HOST, "config");
    for (const [room, value] of acknowledged) assert.equal(await again.get(room), value, room);
    let users = 0;
    for await (const user of again.users()) if (acknowledged.has(user)) users++;
    assert.equal(users, acknowledged.size);
    await after.close();
    assert.ok(!(await readdir(path)).includes("probe.tmp"));
    await rm(path, { recursive: true });
  },
);
