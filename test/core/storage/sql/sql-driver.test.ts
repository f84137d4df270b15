/** Stores in a database of Prosody's do what all stores do, and what they write is what Prosody writes. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { openStorage, type OpenStorage } from "../../../../core/storage/open.js";
import type { Json } from "../../../../core/storage/store.js";
import {
  createProsodyTables,
  openSql,
  type SqlConnection,
  type SqlOptions,
} from "../../../../core/storage/sql/index.js";
import { describeDatabases } from "../../../support/databases.js";
import { bodies, conformance, HOST, said } from "../conformance.js";

const ROOM = {
  _jid: `orchard@${HOST}`,
  _data: { name: "Caf\u00e9", persistent: true, history_length: 20 },
  _affiliations: { "juliet@capulet.example": "owner", "evil.example": "outcast" },
  _affiliation_data: { "juliet@capulet.example": { reserved_nickname: "Juliet" } },
};

async function asked<T>(options: SqlOptions, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
  const connection = await openSql(options, { mode: "write" });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function used<T>(sql: SqlOptions, work: (storage: OpenStorage) => Promise<T>): Promise<T> {
  const storage = await openStorage({ driver: "sql", sql });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

describeDatabases("storage sql", (database) => {
  const open = async () => ({
    storage: await openStorage({ driver: "sql", sql: await database.create() }),
    remove: () => Promise.resolve(),
  });
  conformance(`sql, ${database.driver}`, open, false);

  it("writes rows as Prosody has them", async () => {
    const sql = await database.create();
    await used(sql, async (storage) => {
      await storage.openStore(HOST, "config").set("orchard", ROOM);
      await storage.openStore<Json, "map">(HOST, "persistent", "map").set(null, ROOM._jid, true);
      await storage.openStore(HOST, "vcard_muc").set("orchard", "<vCard xmlns='vcard-temp'><FN>Orchard</FN></vCard>");
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      await archive.append("orchard", "an-id", said("hello"), 1795216631.25, "message<groupchat").written;
    });
    const rows = await asked(sql, (connection) =>
      connection.query(`SELECT "user", "store", "key", "type", "value" FROM "prosody" ORDER BY "store", "key"`),
    );
    const found = rows.map((row) => [row["user"], row["store"], row["key"], row["type"], row["value"]].join("|"));
    assert.deepEqual(
      new Set(found),
      new Set([
        `orchard|config|_jid|string|orchard@${HOST}`,
        'orchard|config|_data|json|{"name":"Caf\u00e9","persistent":true,"history_length":20}',
        'orchard|config|_affiliation_data|json|{"juliet@capulet.example":{"reserved_nickname":"Juliet"}}',
        "orchard|config|juliet@capulet.example|string|owner",
        "orchard|config|evil.example|string|outcast",
        `|persistent|orchard@${HOST}|boolean|true`,
        "orchard|vcard_muc|name|string|vCard",
        'orchard|vcard_muc|attr|json|{"xmlns":"vcard-temp"}',
        'orchard|vcard_muc||json|[{"name":"FN","attr":{"xmlns":"vcard-temp"},"__array":["Orchard"]}]',
      ]),
    );
    const [message] = await asked(sql, (connection) => connection.query(`SELECT * FROM "prosodyarchive"`));
    assert.deepEqual(
      [message?.["user"], message?.["key"], message?.["when"], message?.["with"], message?.["type"]],
      ["orchard", "an-id", 1795216631, "message<groupchat", "xml"],
    );
  });

  it("reads what Prosody has written since, and goes on behind it", async () => {
    const sql = await database.create();
    await asked(sql, async (connection) => {
      await createProsodyTables(connection);
      const entry = `INSERT INTO "prosody" ("host", "user", "store", "key", "type", "value") VALUES (?, ?, ?, ?, ?, ?)`;
      for (const [key, type, value] of [
        ["_jid", "string", ROOM._jid],
        ["_data", "json", JSON.stringify(ROOM._data)],
        ["_affiliation_data", "json", JSON.stringify(ROOM._affiliation_data)],
        ...Object.entries(ROOM._affiliations).map(([jid, affiliation]) => [jid, "string", affiliation]),
      ] as const) {
        await connection.run(entry, [HOST, "orchard", "config", key ?? "", type ?? "", value ?? ""]);
      }
    });
    await used(sql, async (storage) => {
      assert.deepEqual(await storage.openStore(HOST, "config").get("orchard"), ROOM);
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      await archive.append("orchard", "first", said("first"), 100.5).written;
    });
    await asked(sql, (connection) =>
      connection.run(
        `INSERT INTO "prosodyarchive" ("host", "user", "store", "key", "when", "with", "type", "value")
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        [HOST, "orchard", "muc_log", "second", 101, "message<groupchat", "xml", said("second").toString()],
      ),
    );
    await used(sql, async (storage) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      await archive.append("orchard", "third", said("third"), 101.5).written;
      assert.deepEqual(await bodies(archive, "orchard"), ["first", "second", "third"]);
      assert.deepEqual(await bodies(archive, "orchard", { after: "first", limit: 1 }), ["second"]);
      assert.equal((await archive.find("orchard", { total: true, limit: 0 }))?.total, 3);
    });
  });

  it("has all of a batch or nothing, whichever stores it is of", async () => {
    const sql = await database.create();
    await used(sql, async (storage) => {
      const config = storage.openStore<Json>(HOST, "config");
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      const outcomes = await Promise.allSettled([
        config.set("orchard", ROOM),
        // No time that any of the databases has.
        archive.append("orchard", "late", said("late"), 1e30).written,
      ]);
      const isStored = outcomes[0]?.status === "fulfilled";
      assert.equal(outcomes[1]?.status, outcomes[0]?.status);
      assert.equal((await config.get("orchard")) !== undefined, isStored);
      await config.set("garden", ROOM);
      assert.deepEqual(await config.get("garden"), ROOM);
    });
  });

  const { restart } = database;
  if (restart === undefined) return;
  it("says what is lost when the server goes, and goes on when it is back", async () => {
    await used(await database.create(), async (storage) => {
      const store = storage.openStore<number>(HOST, "config");
      await store.set("orchard", 1);
      const restarting = restart();
      const outcomes = await Promise.allSettled([store.set("orchard", 2), restarting]);
      assert.equal(outcomes[1].status, "fulfilled");
      const expected = outcomes[0].status === "fulfilled" ? 2 : 1;
      if (outcomes[0].status === "rejected") assert.equal((outcomes[0].reason as Error).name, "StorageError");
      assert.equal(await store.get("orchard"), expected);
      await store.set("orchard", 3);
      assert.equal(await store.get("orchard"), 3);
    });
  });
});
