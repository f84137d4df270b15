import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openStorage } from "../../../core/storage/open.js";
import { StorageError } from "../../../core/storage/store.js";

/** Code that holds a database until its standard input ends. */
const HOLDER = `
const { openStorage } = await import(process.argv[1]);
await openStorage({ driver: "level", path: process.argv[2] });
process.stdout.write("open");
process.stdin.resume().once("end", () => process.exit());
`;

function inFolder(test: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), "chorus-storage-"));
    try {
      await test(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
}

function refusal(code: StorageError["code"], ...parts: string[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StorageError, `a StorageError, not ${String(error)}`);
    assert.equal(error.code, code);
    for (const part of parts) assert.ok(error.message.includes(part), `"${part}" in "${error.message}"`);
    return true;
  };
}

void describe("opening a database", () => {
  void it(
    "names path and process of whoever has it, leaves the LOCK file alone, and opens when it is free",
    inFolder(async (path) => {
      const module = new URL("../../../core/storage/open.js", import.meta.url).href;
      const holder = spawn(process.execPath, ["--input-type=module", "-e", HOLDER, module, path], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      await once(holder.stdout, "data");
      const parts = process.platform === "linux" ? [path, `process ${holder.pid ?? ""}`] : [path];
      await assert.rejects(openStorage({ driver: "level", path }), refusal("STORAGE_LOCKED", ...parts));
      assert.ok((await stat(join(path, "LOCK"))).isFile());
      holder.stdin.end();
      await once(holder, "exit");
      const storage = await openStorage({ driver: "level", path });
      await assert.rejects(openStorage({ driver: "level", path }), refusal("STORAGE_LOCKED", path));
      await storage.close();
    }),
  );

  void it(
    "names path and cause where the folder cannot be made",
    inFolder(async (folder) => {
      await writeFile(join(folder, "file"), "");
      const path = join(folder, "file", "data");
      await assert.rejects(openStorage({ driver: "level", path }), refusal("STORAGE_NOT_WRITABLE", path, "ENOTDIR"));
    }),
  );

  void it(
    "names path and cause where the folder cannot be written",
    { skip: process.getuid?.() === 0 ? "the superuser may write everywhere" : false },
    inFolder(async (folder) => {
      await chmod(folder, 0o500);
      await assert.rejects(
        openStorage({ driver: "level", path: folder }),
        refusal("STORAGE_NOT_WRITABLE", folder, "EACCES"),
      );
    }),
  );

  void it(
    "says of a damaged database what to do",
    inFolder(async (path) => {
      const storage = await openStorage({ driver: "level", path });
      await storage.openStore("rooms.example", "config").set("orchard", 1);
      await storage.close();
      for (const file of await readdir(path)) if (file.startsWith("MANIFEST")) await truncate(join(path, file), 10);
      await assert.rejects(openStorage({ driver: "level", path }), refusal("STORAGE_CORRUPT", path, "backup"));
    }),
  );
});
