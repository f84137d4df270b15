/** What comes over from the databases that ejabberd can use. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { openSql, type SqlOptions, type SqlValue } from "../../../../core/storage/sql/index.js";
import { describeDatabases } from "../../../support/databases.js";
import { EjabberdFile, ROOMS } from "./ejabberd-data.js";

const XML = "<message from='juliet@localhost/balcony' type='groupchat'><body>\u{1F339} \\ it&apos;s</body></message>";

/** Tables of a service, each with its rows. */
const TABLES: Readonly<Record<string, readonly Readonly<Record<string, SqlValue>>[]>> = {
  muc_room: [
    { name: "well", host: ROOMS, opts: '[{title,<<"Caf\u00e9">>},{persistent,true},{moderated,false}]' },
    { name: "bad", host: ROOMS, opts: "[{title" },
  ],
  users: [
    { username: "juliet", server_host: "localhost", type: 1, password: "s\u00e9cret", salt: "", iterationcount: 0 },
  ],
  archive: [1795246523434777n, 1795246523434778n].map((timestamp) => ({
    username: `well@${ROOMS}`,
    server_host: "localhost",
    timestamp,
    peer: "juliet@localhost/balcony",
    xml: XML,
    kind: "groupchat",
    nick: "Juliet",
  })),
  muc_room_subscribers: [{ room: "well", jid: "juliet@localhost" }],
};

async function fill(options: SqlOptions): Promise<void> {
  const database = await openSql(options, { mode: "write" });
  try {
    for (const [table, rows] of Object.entries(TABLES)) {
      const columns = Object.entries(rows[0] ?? {}).map(([column, value]) => {
        const type = typeof value === "bigint" ? "bigint" : typeof value === "number" ? "integer" : "text";
        return [database.quote(column), type] as const;
      });
      await database.run(
        `CREATE TABLE ${database.quote(table)} (${columns.map((column) => column.join(" ")).join(", ")})`,
      );
      for (const row of rows) {
        const names = columns.map(([name]) => name).join(", ");
        const places = columns.map(() => "?").join(", ");
        await database.run(`INSERT INTO ${database.quote(table)} (${names}) VALUES (${places})`, Object.values(row));
      }
    }
  } finally {
    await database.close();
  }
}

function addressOf({ driver, database, username = "", password = "", host = "", port }: SqlOptions): string {
  if (driver === "SQLite3") return `sqlite:${database}`;
  const scheme = driver.toLowerCase();
  const place = host.startsWith("/") ? "" : `${host}${port === undefined ? "" : `:${port}`}`;
  const socket = host.startsWith("/") ? `?host=${encodeURIComponent(host)}` : "";
  return `${scheme}://${encodeURIComponent(username)}:${encodeURIComponent(password)}@${place || "localhost"}/${database}${socket}`;
}

describeDatabases("chorusctl import ejabberd --database", ({ create }) => {
  it("brings over what is there, and names what is damaged", async () => {
    const options = await create();
    await fill(options);
    await using file = await EjabberdFile.make("");
    const { status, lines } = await file.import(["--database", addressOf(options)]);
    const said = lines.join("\n");
    assert.equal(status, 1, said);
    for (const pattern of [
      /config: 1 rooms in, 1 out/,
      /lost: .*: muc_room, row 2: EJABBERD_TRUNCATED/,
      /muc_log: 2 messages in, 2 out/,
      /accounts: 1 accounts in, 1 out/,
      /muc_room_subscribers: 1 records in, 0 out, 1 skipped/,
    ]) {
      assert.match(said, pattern);
    }
    if (options.password !== undefined) assert.ok(!said.includes(options.password));
    assert.deepEqual(await file.archive("well"), [
      "1795246523434777 \u{1F339} \\ it's",
      "1795246523434778 \u{1F339} \\ it's",
    ]);
    const stored = (await file.storage.openStore(ROOMS, "config").get("well")) as { _data: Record<string, unknown> };
    assert.equal(stored._data["name"], "Caf\u00e9");
    assert.deepEqual(await file.storage.openStore("localhost", "accounts").get("juliet"), { password: "s\u00e9cret" });
  });

  it("refuses a database that is none of ejabberd's", async () => {
    const options = await create();
    const database = await openSql(options, { mode: "write" });
    await database.run("CREATE TABLE prosody (host text)");
    await database.close();
    await using file = await EjabberdFile.make("");
    const { status, lines } = await file.import(["--database", addressOf(options)]);
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /has no table muc_room: it is none of ejabberd's/);
  });
});
