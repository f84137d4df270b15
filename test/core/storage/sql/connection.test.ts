import assert from "node:assert/strict";
import { it } from "node:test";
import { StorageError } from "../../../../core/storage/store.js";
import { openSql, type SqlConnection, type SqlOptions } from "../../../../core/storage/sql/index.js";
import { describeDatabases, type TestDatabase } from "../../../support/databases.js";

describeDatabases("connections", (database: TestDatabase) => {
  const withConnection = async (work: (connection: SqlConnection, options: SqlOptions) => Promise<void>) => {
    const options = await database.create();
    const connection = await openSql(options, { mode: "write" });
    try {
      await connection.run(`CREATE TABLE "things" ("when" INTEGER NOT NULL, "key" TEXT NOT NULL)`);
      await work(connection, options);
    } finally {
      await connection.close();
    }
  };

  it("takes values as they are, and gives them back", () =>
    withConnection(async (connection) => {
      const texts = ["", "plain", "quote ' and \" and \\ and ?", "täst 🎼 \u2028", "line\nbreak\ttab", "%s $1 :x"];
      for (const [at, text] of texts.entries()) {
        assert.equal(await connection.run(`INSERT INTO "things" ("when", "key") VALUES (?, ?)`, [at, text]), 1);
      }
      const rows = await connection.query(`SELECT "key" FROM "things" WHERE "when" >= ? ORDER BY "when"`, [0]);
      assert.deepEqual(
        rows.map((row) => row["key"]),
        texts,
      );
      assert.equal(await connection.run(`DELETE FROM "things" WHERE "when" < ?`, [2]), 2);
      const [counted] = await connection.query(`SELECT COUNT(*) AS "n", MAX("when") AS "last" FROM "things"`);
      assert.deepEqual({ ...counted }, { n: texts.length - 2, last: texts.length - 1 });
    }));

  it("does all of a transaction, or nothing of it", () =>
    withConnection(async (connection) => {
      const failure = new Error("on second thoughts");
      const failed = connection.transaction(async ({ run }) => {
        await run(`INSERT INTO "things" VALUES (?, ?)`, [1, "no"]);
        throw failure;
      });
      await assert.rejects(failed, failure);
      const [kept] = await Promise.all([
        connection.transaction(async ({ run, query }) => {
          await run(`INSERT INTO "things" VALUES (?, ?)`, [2, "yes"]);
          await run(`INSERT INTO "things" VALUES (?, ?)`, [3, "yes"]);
          return query(`SELECT "key" FROM "things"`);
        }),
        connection.query(`SELECT * FROM "things"`).then(({ length }) => assert.ok(length === 0 || length === 2)),
      ]);
      assert.equal(kept.length, 2);
      assert.equal((await connection.query(`SELECT * FROM "things"`)).length, 2);
    }));

  it("streams, and goes on being asked meanwhile and after", () =>
    withConnection(async (connection) => {
      const count = 2500;
      await connection.transaction(async ({ run }) => {
        for (let at = 0; at < count; at++) await run(`INSERT INTO "things" VALUES (?, ?)`, [at, `k${at}`]);
      });
      let seen = 0;
      for await (const row of connection.stream(`SELECT * FROM "things" WHERE "when" >= ? ORDER BY "when"`, [0])) {
        assert.equal(row["when"], seen++);
        if (seen === 700) assert.equal((await connection.query(`SELECT 1 AS "one"`))[0]?.["one"], 1);
      }
      assert.equal(seen, count);
      for await (const row of connection.stream(`SELECT * FROM "things" ORDER BY "when"`, [])) {
        if (row["when"] === 3) break;
      }
      assert.equal((await connection.query(`SELECT * FROM "things"`)).length, count);
    }));

  it("cannot write to what it was to read", () =>
    withConnection(async (connection, options) => {
      await connection.run(`INSERT INTO "things" VALUES (?, ?)`, [1, "kept"]);
      if (options.driver === "SQLite3") await connection.close();
      const reader = await openSql(options);
      const refused = { name: "StorageError", code: "STORAGE_WRITE_FAILED" };
      await assert.rejects(reader.run(`DELETE FROM "things" WHERE "when" = ?`, [1]), refused);
      await assert.rejects(
        reader.transaction(({ run }) => run(`DELETE FROM "things"`)),
        refused,
      );
      assert.equal((await reader.query(`SELECT * FROM "things"`)).length, 1);
      await reader.close();
    }));

  it("tells what is wrong, and never a password", () =>
    withConnection(async (connection, options) => {
      await assert.rejects(connection.query(`SELECT * FROM "nothing"`), (error) => {
        assert.ok(error instanceof StorageError);
        assert.equal(error.code, "STORAGE_READ_FAILED");
        assert.match(error.message, /nothing/);
        return true;
      });
      if (options.driver === "SQLite3") return;
      const password = "another-secret";
      await assert.rejects(openSql({ ...options, password }), (error) => {
        assert.ok(error instanceof StorageError);
        assert.equal(error.code, "STORAGE_UNREACHABLE");
        assert.ok(error.message.includes(options.database), error.message);
        assert.ok(!error.message.includes(password), error.message);
        return true;
      });
    }));

  const { restart } = database;
  if (restart === undefined) return;
  it("finds a server that was started again", () =>
    withConnection(async (connection) => {
      await connection.run(`INSERT INTO "things" VALUES (?, ?)`, [1, "kept"]);
      await restart();
      assert.equal((await connection.query(`SELECT * FROM "things"`)).length, 1);
      await connection.run(`INSERT INTO "things" VALUES (?, ?)`, [2, "new"]);
      const transaction = connection.transaction(async ({ run }) => {
        await run(`INSERT INTO "things" VALUES (?, ?)`, [3, "lost"]);
        await restart();
        await run(`INSERT INTO "things" VALUES (?, ?)`, [4, "lost"]);
      });
      await assert.rejects(transaction, { name: "StorageError" });
      assert.equal((await connection.query(`SELECT * FROM "things"`)).length, 2);
    }));
});
