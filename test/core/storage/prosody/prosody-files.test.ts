/** What is listed of a folder of Prosody's takes little memory, however many files there are. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ProsodyFiles } from "../../../../core/storage/prosody/prosody-files.js";

const FILES = 5000;
/** Of a file, beside the names of its user and of itself, which are short here. */
const BYTES_EACH = 200;

/** Bytes of the heap that are in use. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

test("the list of a store with very many files keeps little of each", async () => {
  const path = await mkdtemp(join(tmpdir(), "chorus-prosody-files-"));
  try {
    for (const [store, extension] of [
      ["config", "dat"],
      ["muc_log", "list"],
    ] as const) {
      const folder = join(path, "rooms%2eexample", store);
      await mkdir(folder, { recursive: true });
      for (let number = 0; number < FILES; number++) await writeFile(join(folder, `room${number}.${extension}`), "");
    }
    const files = new ProsodyFiles(path);
    for (const list of [
      () => files.values("rooms.example", "config"),
      () => files.archives("rooms.example", "muc_log"),
    ]) {
      const before = usedBytes();
      const found = await list();
      const each = (usedBytes() - before) / FILES;
      assert.equal(found.length, FILES);
      assert.ok(each < BYTES_EACH, `${each} bytes of each file`);
    }
  } finally {
    await rm(path, { recursive: true });
  }
});
