import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openSql, type SqlOptions } from "../../../../core/storage/sql/index.js";
import { importSqlite } from "../../../../core/storage/sql/sqlite.js";

/** Every file of a folder with its bytes, to see that nothing changed. */
async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "base64")])),
  ) as Record<string, string>;
}

describe("SQLite", () => {
  let folder = "";
  let count = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "chorus-sqlite-test-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const newFolder = async (): Promise<string> => {
    const path = join(folder, `f${++count}`);
    await mkdir(path);
    return path;
  };
  const optionsFor = (path: string): SqlOptions => ({ driver: "SQLite3", database: path });
  /** A database of a program that was killed: with a journal, `kind` says of which kind, and a row that counts. */
  const interrupted = async (kind: "DELETE" | "WAL"): Promise<string> => {
    const { Database } = await importSqlite();
    const made = join(await newFolder(), "made.sqlite");
    const database = new Database(made);
    const left = await newFolder();
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec(`PRAGMA journal_mode = ${kind}`);
    database.exec("PRAGMA cache_size = 1");
    database.exec("CREATE TABLE t (a TEXT)");
    database.exec("INSERT INTO t VALUES ('committed')");
    // Large enough to be written to the file, or its log, before it is committed.
    database.exec("BEGIN");
    for (let row = 0; row < 200; row++) database.run("INSERT INTO t VALUES (?)", "x".repeat(1000));
    for (const name of (await readdir(dirname(made))).filter((file) => !file.endsWith(".lock"))) {
      await copyFile(join(dirname(made), name), join(left, name));
    }
    database.exec("ROLLBACK");
    database.close();
    return join(left, "made.sqlite");
  };

  for (const kind of ["DELETE", "WAL"] as const) {
    it(`reads what was committed when a program was killed (journal_mode ${kind}), and changes nothing`, async () => {
      const file = await interrupted(kind);
      const before = await contents(dirname(file));
      assert.ok(Object.keys(before).length > 1, "there is no journal");
      const connection = await openSql(optionsFor(file));
      assert.deepEqual(await connection.query("SELECT a FROM t"), [{ a: "committed" }]);
      await connection.close();
      assert.deepEqual(await contents(dirname(file)), before);
    });
  }

  it("is read by a name that links to it", async () => {
    const file = await interrupted("WAL");
    const link = join(await newFolder(), "link.sqlite");
    await symlink(file, link);
    const connection = await openSql(optionsFor(link));
    assert.equal((await connection.query("SELECT a FROM t")).length, 1);
    await connection.close();
  });

  it("is written by one at a time, and by the next when that one was killed", async () => {
    const options = optionsFor(join(await newFolder(), "shared.sqlite"));
    const first = await openSql(options, { mode: "write" });
    await first.run("CREATE TABLE t (a TEXT)");
    await assert.rejects(openSql(options, { mode: "write" }), (error) => {
      assert.ok(error instanceof Error && "code" in error);
      assert.equal(error.code, "STORAGE_LOCKED");
      assert.ok(error.message.includes(options.database));
      return true;
    });
    await first.close();
    await mkdir(`${options.database}.lock`); // what stays of a process that was killed
    const second = await openSql(options, { mode: "write" });
    assert.deepEqual(await second.query("SELECT a FROM t"), []);
    await second.close();
  });

  it("tells what is no database, and what is not there", async () => {
    const path = await newFolder();
    await writeFile(join(path, "text.sqlite"), "this is text\n".repeat(500));
    for (const name of ["text.sqlite", "missing.sqlite"]) {
      await assert.rejects(openSql(optionsFor(join(path, name))), (error) => {
        assert.ok(error instanceof Error && error.name === "StorageError");
        assert.ok(error.message.includes(name), error.message);
        return true;
      });
    }
    assert.deepEqual(await readdir(path), ["text.sqlite"]);
  });
});
