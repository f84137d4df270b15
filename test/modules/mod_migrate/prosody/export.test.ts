/** The way back: what came from Prosody's files is in Prosody's files again. */
import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { ProsodyFiles } from "../../../../core/storage/prosody/prosody-files.js";
import { ProsodySql } from "../../../../core/storage/prosody/prosody-sql.js";
import { openSql } from "../../../../core/storage/sql/connection.js";
import { startService } from "../../../../core/testing/service.js";
import { xml } from "../../../../core/xmpp/element.js";
import { chorus, run, serverFolder } from "../../../support/cli.js";
import { describeDatabases, sqlOption } from "../../../support/databases.js";
import { createRoom, received } from "../../../support/rooms.js";
import { archived, CHORUS, ProsodyFolder, room, ROOMS } from "./prosody-data.js";
import { recordsOf, tablesIn } from "./prosody-tables.js";

const UPSTREAM = 'component_secret = "s"; component_upstream = "xmpp://127.0.0.1:1"';
const HOST = "conference%2elocalhost";

function stamped(id: string, body: string, when: number, stamp: string): string {
  return archived(id, body, when).replace("2026-11-20T00:00:00Z", stamp);
}

/** Every shape that there is, as Prosody writes it. */
const FILES: Readonly<Record<string, string>> = {
  [`${HOST}/persistent.dat`]: `return { ["garden@${ROOMS}"] = true; ["tomb@${ROOMS}"] = true; ["t\\195\\164st.x_1@${ROOMS}"] = true; };`,
  [`${HOST}/config/garden.dat`]: room(
    "garden",
    `["name"] = "Caf\\195\\169 \\"q\\"\\n"; ["occupant_id_salt"] = "salty"; ["history_length"] = 30; ["big"] = 9007199254740993; ["presence_broadcast"] = { ["visitor"] = true; }; ["of_another_module"] = { 1; 2; ["x"] = 1.5; [false] = "no"; }; ["empty"] = {}; ["endless"] = (1/0);`,
    `["romeo@localhost"] = "member"; ["evil.example"] = "outcast"; ["whatever"] = 7; ["what@ever"] = { "unknown" };`,
  ).replace(
    `["_affiliation_data"] = {}`,
    `["_affiliation_data"] = { ["romeo@localhost"] = { ["reserved_nickname"] = "Romeo"; ["reason"] = "why"; ["hats"] = { ["urn:x"] = { ["active"] = true; ["title"] = "X"; }; }; }; }`,
  ),
  [`${HOST}/config/tomb.dat`]: `return { ["_jid"] = "tomb@${ROOMS}"; ["_affiliation_data"] = {}; ["_data"] = { ["destroyed"] = true; ["persistent"] = true; ["hidden"] = true; ["locked"] = 99999999999; ["newjid"] = "garden@${ROOMS}"; }; };`,
  [`${HOST}/config/t%c3%a4st%2ex%5f1.dat`]: room("t\\195\\164st.x_1"),
  [`${HOST}/state/garden.dat`]: `return {
    ["romeo@elsewhere.example/phone"] = { ["name"] = "presence"; ["attr"] = { ["from"] = "garden@${ROOMS}/Romeo"; ["to"] = "romeo@elsewhere.example/phone"; }; { ["name"] = "show"; ["attr"] = {}; "away"; }; };
    ["garden@${ROOMS}/Romeo"] = { ["bare_jid"] = "romeo@elsewhere.example"; ["role"] = "participant"; ["jid"] = "romeo@elsewhere.example/phone"; };
    ["_last_message_at"] = 1795216631;
    ["_last_message"] = { { "last words"; ["name"] = "body"; ["attr"] = {}; }; { ["name"] = "delay"; ["attr"] = { ["xmlns"] = "urn:xmpp:delay"; ["from"] = "garden@${ROOMS}"; ["stamp"] = "2026-11-20T23:17:11Z"; }; }; ["name"] = "message"; ["attr"] = { ["type"] = "groupchat"; ["from"] = "garden@${ROOMS}/Juliet"; ["to"] = ""; }; };
  };`,
  [`${HOST}/muc_log/garden.list`]:
    stamped("id-1", "one", 1795216000, "2026-11-20T23:06:40Z") +
    stamped("id-2", "two \\240\\159\\140\\185 & <three>", 1795216000, "2026-11-20T23:06:40Z") +
    stamped("id-3", "three", 1795216001, "2026-11-20T23:06:41Z"),
  [`${HOST}/muc_log/gone.list`]: stamped("id-9", "of no room", 1795216000, "2026-11-20T23:06:40Z"),
  [`${HOST}/vcard_muc/garden.dat`]: `return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; { "Garden"; ["name"] = "FN"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; }; };`,
  [`${HOST}/cron.dat`]: `return { ["muc_mam/remove_expired_messages"] = 1795216000; };`,
  [`${HOST}/muc_log_cleanup/2026%2d11%2d20.dat`]: 'return { ["garden"] = true; };',
  "localhost/accounts/juliet.dat": `return { ["salt"] = "16ffdeed"; ["iteration_count"] = 10000; ["stored_key"] = "93"; ["server_key"] = "1e"; ["created"] = 1795216984; ["disabled_meta"] = { ["by"] = "me"; }; };`,
  "localhost/roster/juliet.dat": `return { [false] = { ["version"] = 3; ["pending"] = { ["tybalt@localhost"] = true; }; }; ["romeo@localhost"] = { ["subscription"] = "both"; ["groups"] = { ["Friends"] = true; }; ["name"] = "R"; }; };`,
  "localhost/private/juliet.dat": `return { ["storage:storage:bookmarks"] = { ["name"] = "storage"; ["attr"] = { ["xmlns"] = "storage:bookmarks"; }; { ["name"] = "conference"; ["attr"] = { ["xmlns"] = "storage:bookmarks"; ["jid"] = "garden@${ROOMS}"; ["urn:x\\001a"] = "b"; }; }; }; };`,
  "localhost/vcard/juliet.dat": `return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; };`,
  "localhost/offline/juliet.list": stamped("off", "hello", 1795216000, "2026-11-20T23:06:40Z"),
  "localhost/pep_urn%3ax/juliet.list": stamped("current", "item", 1795216000, "2026-11-20T23:06:40Z"),
  "localhost/account_details/juliet.dat": 'return { ["email"] = "juliet@example"; [3] = "c"; [1] = "a"; };',
  "localhost/invite_token/AbC.dat": 'return { ["type"] = "register"; ["uses"] = (1/0); };',
  "localhost/lastlog/juliet.dat": 'return { ["timestamp"] = 1795216000.25; };',
};

describe("chorusctl export prosody", () => {
  it("gives back all that was brought over, and nothing else", async () => {
    await using folder = await ProsodyFolder.make(FILES);
    const chorus = `${CHORUS}\n  component_secret = "s"; component_upstream = "xmpp://127.0.0.1:1"`;
    const imported = await folder.importInto(chorus);
    assert.equal(imported.status, 0, imported.lines.join("\n"));
    const exported = await folder.exportFrom(chorus, "--to", "out");
    assert.equal(exported.status, 0, exported.lines.join("\n"));
    assert.deepEqual(exported.lines, [
      "localhost",
      "  accounts: 1 accounts in, 1 out",
      "  roster: 1 rosters in, 1 out",
      "  private: 1 users in, 1 out",
      "  vcard: 1 vCards in, 1 out",
      "  account_details: 1 records in, 1 out",
      "  invite_token: 1 records in, 1 out",
      "  lastlog: 1 records in, 1 out",
      "  offline: 1 records in, 1 out",
      "  pep_urn:x: 1 records in, 1 out",
      "conference.localhost",
      "  config: 3 rooms in, 3 out",
      "  persistent: 1 lists in, 1 out",
      "  state: 1 rooms in, 1 out",
      "  muc_log: 4 messages in, 4 out",
      "  vcard_muc: 1 vCards in, 1 out",
      "  cron: 1 records in, 1 out",
      "  muc_log_cleanup: 1 records in, 1 out",
      "everything else is written",
      "nothing was lost",
    ]);
    const [before, after] = [await tablesIn(join(folder.path, "data")), await tablesIn(join(folder.path, "out"))];
    assert.deepEqual(after, before);
  });

  it("writes nothing where there is data, unless it is told what becomes of that", async () => {
    await using folder = await ProsodyFolder.make(FILES);
    assert.equal((await folder.import()).status, 0);
    const old = { "conference%2elocalhost/config/other.dat": "return { 1; };", "elsewhere/x.dat": "return {};" };
    for (const [name, text] of Object.entries(old)) await folder.put(`../out/${name}`, text);
    const before = await tablesIn(join(folder.path, "out"));
    const refused = await folder.exportFrom(CHORUS, "--to", "out");
    assert.equal(refused.status, 1);
    assert.deepEqual(refused.lines, [
      "out has data of conference.localhost already (config): --replace puts the export in its place, --merge puts it in between",
      "nothing was written",
    ]);
    assert.deepEqual(await tablesIn(join(folder.path, "out")), before);

    const dry = await folder.exportFrom(CHORUS, "--to", "out", "--dry-run");
    assert.equal(dry.status, 0);
    assert.match(dry.lines.join("\n"), /^out has data of .*\nlocalhost[^]*muc_log: 4 messages in, 4 out[^]*dry run/);
    assert.deepEqual(await tablesIn(join(folder.path, "out")), before);

    const merged = await folder.exportFrom(CHORUS, "--to", "out", "--merge");
    assert.equal(merged.status, 0);
    const [kept = ""] = /out\/conference%2elocalhost\.before-\S+/.exec(merged.lines.join("\n")) ?? [];
    const after = await tablesIn(join(folder.path, "out"));
    assert.deepEqual(after["conference%2elocalhost/config/other.dat"], { "number 1": 1 });
    assert.ok(after["conference%2elocalhost/config/garden.dat"]);
    assert.deepEqual(await tablesIn(join(folder.path, kept)), { "config/other.dat": { "number 1": 1 } });

    const replaced = await folder.exportFrom(CHORUS, "--to", "out", "--replace", "--host", ROOMS);
    assert.equal(replaced.status, 0);
    const now = await tablesIn(join(folder.path, "out"));
    assert.equal(now["conference%2elocalhost/config/other.dat"], undefined);
    assert.ok(now["conference%2elocalhost/config/garden.dat"]);
    assert.deepEqual(now["elsewhere/x.dat"], {});
    assert.match(replaced.lines.at(-1) ?? "", /^what was there of conference\.localhost is now out\/.*\.before-/);
  });

  it("leaves everything as it was when something cannot be written", async () => {
    await using folder = await ProsodyFolder.make(FILES);
    assert.equal((await folder.import()).status, 0);
    await folder.put("../out/conference%2elocalhost/config", "a file where a folder should be");
    const before = await tablesIn(join(folder.path, "out"));
    const { status, lines } = await folder.exportFrom(CHORUS, "--to", "out", "--merge");
    assert.equal(status, 1);
    assert.match(
      lines.join("\n"),
      /STORAGE_WRITE_FAILED: .*\nit ended there, unfinished: mend that, and export again$/,
    );
    assert.deepEqual(await tablesIn(join(folder.path, "out")), before);
  });

  it("has rooms that were made here, with their archives, or the last that was said, under names of Prosody's", async () => {
    await using folder = await ProsodyFolder.make({});
    for (const [node, config] of [
      ["archived", CHORUS],
      ["other", CHORUS.replace('modules_enabled = { "muc_mam" }', "")],
    ] as const) {
      const room = `${node}@${ROOMS}`;
      await using service = await startService({ config, storage: folder.storage, listen: false });
      const juliet = service.client("juliet@localhost");
      await createRoom(juliet, "Juliet", { "muc#roomconfig_persistentroom": "1" }, { room });
      juliet.send(`<message type="groupchat" to="${room}"><body>O Romeo</body></message>`);
      juliet.send(`<presence type="unavailable" to="${room}/Juliet"/>`);
      await received(juliet, room);
    }
    const { status, lines } = await folder.exportFrom(CHORUS, "--to", "out", "--host", ROOMS);
    assert.equal(status, 0, lines.join("\n"));
    const tables = await tablesIn(join(folder.path, "out", HOST));
    assert.deepEqual(Object.keys(tables).sort(), [
      "config/archived.dat",
      "config/other.dat",
      "muc_log/archived.list",
      "persistent.dat",
      "state/other.dat",
    ]);
    const config = tables["config/archived.dat"] as Record<string, unknown>;
    assert.deepEqual(Object.keys(config), ["_jid", "_data", "_affiliation_data", "juliet@localhost"]);
    assert.equal((config["_data"] as Record<string, unknown>)["instance"], undefined);
    assert.deepEqual(tables["persistent.dat"], { [`archived@${ROOMS}`]: true, [`other@${ROOMS}`]: true });
    const [message] = tables["muc_log/archived.list"] as Record<string, unknown>[];
    assert.ok(Number.isInteger(message?.["when"]), "Prosody 0.12 reads whole seconds only");
    assert.equal((message?.["attr"] as Record<string, string>)["to"], `archived@${ROOMS}`);
    const state = tables["state/other.dat"] as Record<string, Record<string, unknown>>;
    assert.deepEqual(Object.keys(state).sort(), ["_last_message", "_last_message_at"]);
    assert.match(JSON.stringify(state), /O Romeo.*urn:xmpp:delay/);

    // And it can be brought over again.
    await using again = await ProsodyFolder.make({});
    await cp(join(folder.path, "out"), join(again.path, "data"), { recursive: true });
    assert.equal((await again.import()).status, 0);
    const archive = again.storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
    assert.equal((await archive.find("archived", { total: true }))?.total, 1);
  });

  it("says of sessions that end with Prosody, and of what is out of date, that it left them out", async () => {
    const nick = `garden@${ROOMS}/Romeo`;
    const inside = (jid: string): string =>
      `["${jid}"] = { ["name"] = "presence"; ["attr"] = { ["from"] = "${nick}"; ["to"] = "${jid}"; }; };`;
    await using folder = await ProsodyFolder.make({
      [`${HOST}/config/garden.dat`]: room("garden"),
      [`${HOST}/state/garden.dat`]: `return { ${inside("romeo@localhost/a")} ${inside("romeo@elsewhere.example/b")}
        ["${nick}"] = { ["bare_jid"] = "romeo@localhost"; ["role"] = "visitor"; ["jid"] = "romeo@localhost/a"; }; };`,
    });
    const attached = `Component "${ROOMS}" "muc"; component_secret = "s"; component_upstream = "xmpp://127.0.0.1:1"`;
    assert.equal((await folder.importInto(attached)).status, 0);
    const tombstone = { destroyed: true, locked: 5 };
    const dust = { _jid: `dust@${ROOMS}`, _data: tombstone, _affiliations: {}, _affiliation_data: {} };
    await folder.storage.openStore(ROOMS, "config").set("dust", dust);
    await folder.storage
      .openStore<never, "archive">(ROOMS, "muc_log", "archive")
      .append("garden/an-earlier-one", "id", xml("message"), 1).written;
    const { status, lines } = await folder.exportFrom(attached, "--to", "out");
    assert.equal(status, 0);
    assert.deepEqual(lines.slice(0, 9), [
      ROOMS,
      "  config: 2 rooms in, 1 out, 1 skipped",
      "    left: out: dust: what is left of a destroyed room is out of date",
      "  persistent: 1 lists in, 1 out",
      "  state: 1 rooms in, 1 out",
      "    left: out: garden: 1 sessions that Prosody ends when it is stopped",
      "  muc_log: 0 messages in, 0 out",
      "    left: out: garden/an-earlier-one: the room that it was of is gone",
      "  vcard_muc: 0 vCards in, 0 out",
    ]);
    const state = (await tablesIn(join(folder.path, "out", HOST)))["state/garden.dat"] as Record<string, unknown>;
    assert.deepEqual(Object.keys(state).sort(), [nick, "romeo@elsewhere.example/b"].sort());
    assert.deepEqual(state[nick], {
      bare_jid: "romeo@elsewhere.example",
      role: "visitor",
      jid: "romeo@elsewhere.example/b",
    });
  });

  it("names accounts that Prosody could not let in, and leaves the others alone", async () => {
    const keys = `["iteration_count"] = 4096; ["stored_key"] = "93"; ["server_key"] = "1e";`;
    await using folder = await ProsodyFolder.make({
      "localhost/accounts/bytes.dat": `return { ["salt_base64"] = "/w=="; ${keys} };`,
      "localhost/accounts/long.dat": `return { ["salt"] = "s"; ["stored_key_sha512"] = "93"; ["server_key_sha512"] = "1e"; };`,
      "localhost/accounts/fine.dat": `return { ["salt"] = "s"; ${keys} };`,
      "localhost/accounts/clear.dat": `return { ["password"] = "secret"; };`,
      "localhost/accounts/unset.dat": `return { ["created"] = 1795216984; ["disabled"] = true; };`,
    });
    assert.equal((await folder.import()).status, 0);
    const { status, lines } = await folder.exportFrom(CHORUS, "--to", "out");
    assert.equal(status, 1);
    const text = lines.join("\n");
    assert.match(text, /accounts: 5 accounts in, 3 out, 2 skipped/);
    assert.match(text, /lost: out: bytes: PROSODY_SHAPE: its salt is not text: make the account anew in Prosody/);
    assert.match(text, /lost: out: long: PROSODY_SHAPE: its keys are of a hash that Prosody has not/);
    assert.deepEqual(Object.keys(await tablesIn(join(folder.path, "out"))).sort(), [
      "localhost/accounts/clear.dat",
      "localhost/accounts/fine.dat",
      "localhost/accounts/unset.dat",
    ]);
  });

  it("goes where Prosody's configuration says, if Prosody is stopped and keeps files there", async () => {
    await using folder = await ProsodyFolder.make(FILES);
    assert.equal((await folder.import()).status, 0);
    await folder.put("../back/.empty", "");
    const prosody = async (text: string): Promise<readonly string[]> => {
      await folder.put("../back.cfg.lua", `data_path = ${JSON.stringify(join(folder.path, "back"))}\n${text}`);
      const { status, lines } = await folder.exportFrom(CHORUS, "--config", "back.cfg.lua");
      return [String(status), ...lines];
    };
    const rooms = `Component "${ROOMS}" "muc"`;
    const refused: readonly (readonly [config: string, says: RegExp])[] = [
      ['VirtualHost "localhost"', /has no Component "conference\.localhost" "muc"/],
      [`storage = "sql"; sql = { driver = "Oracle" }\n${rooms}`, /storage "sql": sql: expected/],
      [`pidfile = "prosody.pid"\n${rooms}`, /Prosody is running, as process \d+/],
    ];
    await folder.put("../prosody.pid", `${process.pid}\n`);
    for (const [config, says] of refused) {
      const lines = await prosody(config);
      assert.match(lines.join("\n"), says);
      assert.deepEqual([lines[0], lines.at(-1)], ["1", "nothing was written"]);
    }
    const lines = await prosody(`${rooms}\n  vcard_store_name = "cards"`);
    assert.equal(lines[0], "0", lines.join("\n"));
    const written = await tablesIn(join(folder.path, "back"));
    assert.match(lines.join("\n"), /left: back: localhost: that Prosody has no such host/);
    assert.ok(written["conference%2elocalhost/cards/garden.dat"]);
    assert.deepEqual(
      Object.keys(written).filter((name) => name.startsWith("localhost/")),
      [],
    );
  });

  it("goes on while the server runs, from the folder of whoever calls, and without those who are inside", async () => {
    const config = `data_path = "data"; c2s_ports = { 0 }; c2s_interfaces = { "127.0.0.1" }; log = "chorus.log"\n${CHORUS}`;
    await using folder = await serverFolder(config);
    for (const [name, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(folder.path, "prosody", name)), { recursive: true });
      await writeFile(join(folder.path, "prosody", name), text);
    }
    await writeFile(join(folder.path, "source.cfg.lua"), `VirtualHost "localhost"\nComponent "${ROOMS}" "muc"`);
    const source = ["--config", "source.cfg.lua", "--data-path", "prosody", "--into", "prosody.cfg.lua"];
    const imported = await run(folder, ["import", "prosody", ...source]);
    assert.equal(imported.status, 0, imported.stderr);
    await chorus(folder).printed(/chorus ready/);
    const exported = await run(folder, ["export", "prosody", "--to", "out", "--from", "prosody.cfg.lua", "--json"]);
    assert.equal(exported.status, 0, exported.stderr + exported.stdout);
    assert.equal((JSON.parse(exported.stdout) as { lost: boolean }).lost, false);
    const [{ [`${HOST}/state/garden.dat`]: _, ...before }, { [`${HOST}/state/garden.dat`]: state, ...after }] = [
      await tablesIn(join(folder.path, "prosody")),
      await tablesIn(join(folder.path, "out")),
    ];
    const cron = `${HOST}/cron.dat`; // of which the server has its own
    assert.deepEqual({ ...after, [cron]: "" }, { ...before, [cron]: "" });
    assert.deepEqual(Object.keys(state as object).sort(), ["_last_message", "_last_message_at"]);
  });

  const wrong: readonly (readonly [words: string, says: RegExp])[] = [
    ["", /expected one of --to DIR, --sql DATABASE and --config/],
    ["--to out --config x", /expected one of/],
    ["--to out --merge --replace", /got both/],
    ["--sql oracle://x/y", /--sql: expected sqlite:FILE, postgresql:/],
    ["--to out --for 0.11", /--for: expected 0\.12 or 13\.0, got 0\.11/],
    ["--to out --host nowhere", /no rooms and no accounts of nowhere/],
    ["--to", /--to: expected a value/],
    ["--to out --dry-run=yes", /--dry-run takes no value/],
    ["out", /unexpected: out/],
  ];
  it("says what is wrong with a call", async () => {
    await using folder = await ProsodyFolder.make({});
    const own = `data_path = ${JSON.stringify(join(folder.path, "own"))}\n${CHORUS}`;
    assert.match((await folder.exportFrom(own, "--to", "own")).lines.join("\n"), /own is Chorus's own data_path/);
    for (const [words, says] of wrong) {
      const { status, lines } = await folder.exportFrom(CHORUS, ...words.split(" ").filter((word) => word !== ""));
      assert.notEqual(status, 0);
      assert.match(lines.join("\n"), says);
    }
  });
});

describeDatabases("chorusctl export prosody", (database) => {
  it("gives back all that was brought over, in a database", async () => {
    const options = await database.create();
    await using folder = await ProsodyFolder.make(FILES);
    const imported = await folder.importInto(`${CHORUS}\n  ${UPSTREAM}`);
    assert.equal(imported.status, 0, imported.lines.join("\n"));
    const hosts = ["localhost", ROOMS];
    const config = `data_path = "data"; storage = "sql"; ${sqlOption(options)}\nVirtualHost "localhost"\nComponent "${ROOMS}" "muc"`;
    await folder.put("../back.cfg.lua", config);
    const words = ["--config", "back.cfg.lua", "--data-path", folder.path];
    const read = async (): Promise<Record<string, unknown>> => {
      const data = await ProsodySql.open(await openSql(options));
      try {
        return await recordsOf(data, hosts);
      } finally {
        await data.close();
      }
    };
    const exported = await folder.exportFrom(`${CHORUS}\n  ${UPSTREAM}`, ...words, "--for", "13.0");
    assert.equal(exported.status, 0, exported.lines.join("\n"));
    const before = await recordsOf(new ProsodyFiles(join(folder.path, "data")), hosts);
    assert.deepEqual(await read(), before);

    const refused = await folder.exportFrom(CHORUS, ...words);
    assert.equal(refused.status, 1);
    assert.match(refused.lines.join("\n"), /has data of localhost already \(account_details, .*\): --replace/);
    // Without the others in the rooms, which no attached Chorus says to be inside.
    assert.equal((await folder.exportFrom(CHORUS, ...words, "--replace", "--host", ROOMS)).status, 0);
    const { [`${ROOMS}/state/garden`]: state, ...others } = await read();
    const { [`${ROOMS}/state/garden`]: stateBefore, ...othersBefore } = before;
    assert.deepEqual(others, othersBefore);
    assert.notDeepEqual(state, stateBefore);
  });
});
