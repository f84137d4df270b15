/** What comes over from Prosody's databases, and what is said of what does not. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { ProsodyFiles } from "../../../../core/storage/prosody/index.js";
import { encodeSql, rowsOfTable } from "../../../../core/storage/prosody/sql-values.js";
import {
  createProsodyTables,
  openSql,
  type SqlConnection,
  type SqlOptions,
} from "../../../../core/storage/sql/index.js";
import { serialise } from "../../../../core/xmpp/template.js";
import { describeDatabases, sqlOption } from "../../../support/databases.js";
import { ProsodyFolder, room, ROOMS, WHOLE } from "./prosody-data.js";

const HOSTS = `VirtualHost "localhost"\nComponent "${ROOMS}" "muc"\n`;
const ENTRY = `INSERT INTO "prosody" ("host", "user", "store", "key", "type", "value") VALUES (?, ?, ?, ?, ?, ?)`;
const MESSAGE = `INSERT INTO "prosodyarchive" ("host", "user", "store", "key", "when", "with", "type", "value")
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/** Writes what is in Prosody's files as Prosody's rows. */
async function fill(connection: SqlConnection, folder: string): Promise<void> {
  await createProsodyTables(connection);
  const files = new ProsodyFiles(join(folder, "data"));
  for (const host of ["localhost", ROOMS]) {
    for (const store of await files.stores(host)) {
      for (const value of await files.values(host, store)) {
        for (const { key, type, value: text } of rowsOfTable(await value.read())) {
          await connection.run(ENTRY, [host, value.user ?? "", store, key, type, text]);
        }
      }
      for (const archive of await files.archives(host, store)) {
        for await (const message of archive.messages()) {
          assert.ok("stanza" in message);
          const { id, stanza, when, with: kind } = message;
          // Only SQLite keeps fractions of a second.
          const time = connection.driver === "SQLite3" ? when : Math.floor(when);
          await connection.run(MESSAGE, [host, archive.user ?? "", store, id, time, kind, "xml", serialise(stanza)]);
        }
      }
    }
  }
}

async function changed<T>(options: SqlOptions, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
  const connection = await openSql(options, { mode: "write" });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** What was brought over, as the stores have it. */
async function stored({ storage }: ProsodyFolder): Promise<unknown> {
  const values: Record<string, unknown> = {};
  for (const [host, stores] of [
    ["localhost", ["accounts", "roster", "private", "vcard"]],
    [ROOMS, ["config", "muc_history", "vcard_muc", "persistent", "cron"]],
  ] as const) {
    for (const name of stores) {
      const store = storage.openStore(host, name);
      const own = await store.get(null);
      const found: unknown[] = own === undefined ? [] : [own];
      for await (const user of store.users()) found.push([user, await store.get(user)]);
      values[`${host}/${name}`] = found;
    }
  }
  const archive = storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
  const messages = [];
  for await (const { stanza, ...entry } of (await archive.find("garden"))?.items ?? []) {
    messages.push({ ...entry, when: Math.floor(entry.when), text: serialise(stanza) });
  }
  return { values, messages };
}

/** A report without the places of records. */
function withoutPlaces(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line.replace(/^( {4}\w+): (?:data|.*, table \w+|\S*\.sqlite|.* database \S+(?: on \S+)?)(?:\/\S*)?: /, "$1: "),
  );
}

describeDatabases("chorusctl import prosody from a database", (database) => {
  it("brings over what it brings over from files, and says so", async () => {
    await using files = await ProsodyFolder.make(WHOLE);
    const expected = await files.import();
    await using folder = await ProsodyFolder.make(WHOLE);
    const options = await database.create();
    await changed(options, (connection) => fill(connection, folder.path));
    await writeFile(
      join(folder.path, "prosody.cfg.lua"),
      `data_path = ${JSON.stringify(join(folder.path, "data"))}\nstorage = "sql"\n${sqlOption(options)}\n${HOSTS}`,
    );
    const outcome = await folder.import();
    assert.deepEqual(withoutPlaces(outcome.lines).sort(), withoutPlaces(expected.lines).sort());
    assert.deepEqual(await stored(folder), await stored(files));
    assert.equal(outcome.status, 0);
    const text = outcome.lines.join("\n");
    assert.match(text, /left: .*, table prosody: dust: /);
    if (options.password !== undefined) assert.ok(!text.includes(options.password), text);
    assert.deepEqual(await folder.import(), outcome, "a second time");
  });

  it("reads each store where it is kept", async () => {
    await using folder = await ProsodyFolder.make(WHOLE);
    const options = await database.create();
    await changed(options, async (connection) => {
      await fill(connection, folder.path);
      await connection.run(`UPDATE "prosody" SET "value" = ? WHERE "key" = ?`, ["in the database", "name"]);
    });
    await writeFile(
      join(folder.path, "prosody.cfg.lua"),
      `data_path = ${JSON.stringify(join(folder.path, "data"))}
       VirtualHost "localhost"
       Component "${ROOMS}" "muc"
       storage = { muc_log = "sql"; state = "none" }
       ${sqlOption(options)}`,
    );
    await changed(options, (connection) =>
      connection.run(`UPDATE "prosodyarchive" SET "key" = ? WHERE "key" = ?`, ["only-here", "id-2"]),
    );
    const { status, lines } = await folder.import();
    assert.equal(status, 0, lines.join("\n"));
    assert.ok(lines.includes("  state: 0 rooms in, 0 out"), lines.join("\n"));
    const { storage } = folder;
    const archive = storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
    assert.notEqual(await archive.get("garden", "only-here"), undefined);
    const garden = await storage.openStore(ROOMS, "config").get("garden");
    assert.match(JSON.stringify(garden), /Caf\u00e9/);
  });

  it("names what is damaged by table, room and key, and goes on", async () => {
    await using folder = await ProsodyFolder.make({
      "conference%2elocalhost/config/well.dat": room("well"),
      "conference%2elocalhost/config/bad.dat": room("bad"),
      "conference%2elocalhost/config/worse.dat": room("worse"),
    });
    const options = await database.create();
    await changed(options, async (connection) => {
      await fill(connection, folder.path);
      const damage = `UPDATE "prosody" SET "value" = ? WHERE "user" = ? AND "key" = ?`;
      await connection.run(damage, ["{", "bad", "_data"]);
      await connection.run(`UPDATE "prosody" SET "type" = ? WHERE "user" = ? AND "key" = ?`, ["lua", "worse", "_jid"]);
      const texts = ["<message><body>one</body></message>", "<message>", "<message><body>three</body></message>"];
      for (const [at, text] of texts.entries()) {
        await connection.run(MESSAGE, [ROOMS, "well", "muc_log", `id-${at}`, 5, "message<groupchat", "xml", text]);
      }
      const { type, value } = encodeSql("not a stanza");
      await connection.run(MESSAGE, [ROOMS, "well", "muc_log", "id-4", 5, "", type, value]);
    });
    await writeFile(
      join(folder.path, "prosody.cfg.lua"),
      `data_path = ${JSON.stringify(join(folder.path, "data"))}\nstorage = "sql"\n${sqlOption(options)}\n${HOSTS}`,
    );
    const { status, lines } = await folder.import();
    const text = lines.join("\n");
    assert.equal(status, 1);
    assert.match(text, /lost: .*, table prosody: bad: PROSODY_SYNTAX: key "_data": expected JSON, got "\{"/);
    assert.match(text, /lost: .*, table prosody: worse: PROSODY_SHAPE: key "_jid": .*"lua"/);
    assert.match(text, /lost: .*, table prosodyarchive: record 2: PROSODY_SYNTAX: expected XML, got "<message>"/);
    assert.match(text, /lost: .*, table prosodyarchive: record 4: PROSODY_SHAPE/);
    assert.match(text, /config: 3 rooms in, 1 out/);
    assert.match(text, /muc_log: 4 messages in, 2 out/);
  });

  it("refuses Prosody's own database as Chorus's", async () => {
    await using folder = await ProsodyFolder.make({});
    const options = await database.create();
    await changed(options, createProsodyTables);
    const shared = `storage = "sql"\n${sqlOption(options)}\n`;
    const path = `data_path = ${JSON.stringify(join(folder.path, "data"))}\n`;
    await writeFile(join(folder.path, "prosody.cfg.lua"), `${path}${shared}${HOSTS}`);
    const { status, lines } = await folder.importInto(`${shared}${HOSTS}`);
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /has Prosody's own database, .*: there is nothing to bring over/);
  });

  it("refuses a database that is not there, or of another version", async () => {
    await using folder = await ProsodyFolder.make(WHOLE);
    const options = await database.create();
    const configure = (chosen: SqlOptions): Promise<void> =>
      writeFile(
        join(folder.path, "prosody.cfg.lua"),
        `data_path = ${JSON.stringify(join(folder.path, "data"))}\nstorage = "sql"\n${sqlOption(chosen)}\n${HOSTS}`,
      );
    await configure({ ...options, database: `${options.database}-missing` });
    const missing = await folder.import();
    assert.equal(missing.status, 1);
    assert.match(missing.lines.join("\n"), /missing/);
    assert.equal(missing.lines.at(-1), "nothing was brought over");

    await changed(options, (connection) =>
      connection.run(`CREATE TABLE "prosody" ("host" TEXT, "user" TEXT, "store" TEXT, "key" TEXT, "value" TEXT)`),
    );
    await configure(options);
    const old = await folder.import();
    assert.equal(old.status, 1);
    assert.match(old.lines.join("\n"), /its table prosody has no column type; it is of another version/);
  });
});
