/** What comes over from Prosody's files, and what is said of what does not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Accounts } from "../../../../core/hosts/accounts.js";
import { startService } from "../../../../core/testing/service.js";
import { getChild, xml } from "../../../../core/xmpp/element.js";
import { NS_DISCO_ITEMS } from "../../../../core/xmpp/namespaces.js";
import { request } from "../../../support/rooms.js";
import { archived, CHORUS, ProsodyFolder, room, ROOMS, WHOLE } from "./prosody-data.js";

const HOST = "conference%2elocalhost";
describe("chorusctl import prosody", () => {
  it("brings rooms, archives and accounts over, says how many, and touches nothing of Prosody's", async () => {
    await using folder = await ProsodyFolder.make(WHOLE);
    const before = await folder.content();
    const outcome = await folder.import();
    assert.deepEqual(outcome.lines, [
      "localhost",
      "  accounts: 1 accounts in, 1 out",
      "  roster: 1 rosters in, 1 out",
      "  private: 1 users in, 1 out",
      "  vcard: 1 vCards in, 1 out",
      "conference.localhost",
      "  config: 4 rooms in, 3 out, 1 skipped",
      `    left: data/${HOST}/config/dust.dat: dust: what stands there of a destroyed room is out of date`,
      `    note: data/${HOST}/config/garden.dat: garden: "whatever" is no affiliation; it is kept under prosody_unknown`,
      "  persistent: 2 rooms in, 1 out, 1 skipped",
      `    left: data/${HOST}/persistent.dat: gone@conference.localhost: nothing is brought over of that room`,
      "  state: 1 rooms in, 1 out",
      "  muc_log: 3 messages in, 3 out",
      "  vcard_muc: 1 vCards in, 1 out",
      "  cron: 1 records in, 1 out",
      "    note: data: cron: nothing here reads such a store; it is kept as it is",
      "everything else is written",
      "nothing was lost",
    ]);
    assert.equal(outcome.status, 0);
    assert.deepEqual(await folder.content(), before);

    // Once more, as after an interruption.
    const again = await folder.import("--json");
    assert.equal(again.status, 0);
    const archive = folder.storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
    const page = await archive.find("garden", { total: true });
    assert.equal(page?.total, 3);
    const found = [];
    for await (const { id, when, stanza, with: kind } of page.items) found.push([id, when, kind, stanza.toString()]);
    const message = (body: string): string =>
      `<message type="groupchat" from="garden@${ROOMS}/Juliet"><body>${body}</body></message>`;
    assert.deepEqual(found, [
      ["id-1", 1795216000, "message<groupchat", message("one")],
      ["id-2", 1795216000, "message<groupchat", message("two")],
      ["id-3", 1795216001.5, "message<groupchat", message("three")],
    ]);

    await using service = await startService({ config: CHORUS, storage: folder.storage });
    const { hosts } = service.service;
    assert.equal(await new Accounts(hosts).provider("localhost").testPassword?.("juliet", "secret"), true);
    const juliet = service.client("juliet@localhost");
    const [list] = await request(juliet, "get", xml("query", NS_DISCO_ITEMS), ROOMS);
    const items = getChild(list, "query", NS_DISCO_ITEMS);
    assert.deepEqual(items?.children.map(String), [`<item jid="garden@${ROOMS}" name="Café"/>`]);
    const stored = await folder.storage.openStore(ROOMS, "config").get("garden");
    assert.deepEqual(stored, {
      _jid: `garden@${ROOMS}`,
      _data: {
        persistent: true,
        name: "Café",
        occupant_id_salt: "salty",
        subject: "Roses",
        of_another_module: [1, 2],
        prosody_unknown: { whatever: 7 },
      },
      _affiliations: { "juliet@localhost": "owner", "romeo@localhost": "member", "evil.example": "outcast" },
      _affiliation_data: { "romeo@localhost": { reserved_nickname: "Romeo" } },
    });
    assert.deepEqual(await folder.storage.openStore("localhost", "roster").get("juliet"), {
      "": { version: 3, pending: { "tybalt@localhost": true } },
      "romeo@localhost": { subscription: "both", groups: { Friends: true }, name: "R" },
    });
  });

  it("writes nothing in a dry run, which says the same", async () => {
    await using folder = await ProsodyFolder.make(WHOLE);
    const { status, lines } = await folder.import("--dry-run", "--json");
    assert.equal(status, 0);
    const report = JSON.parse(lines.join("\n")) as { dryRun: boolean; stores: { store: string; out: number }[] };
    assert.equal(report.dryRun, true);
    assert.equal(report.stores.find(({ store }) => store === "muc_log")?.out, 3);
    for (const store of ["config", "muc_log", "vcard_muc"]) {
      for await (const user of folder.storage.openStore(ROOMS, store).users()) assert.fail(`${store} has ${user}`);
    }
  });

  const kept = { [`${HOST}/config/well.dat`]: room("well") };
  const bad: readonly {
    readonly what: string;
    readonly files: Readonly<Record<string, string | Buffer>>;
    readonly says: readonly RegExp[];
    readonly lost?: boolean;
    readonly messages?: readonly string[];
  }[] = [
    {
      what: "a truncated .dat",
      files: { [`${HOST}/config/cut.dat`]: room("cut").slice(0, -9) },
      says: [/lost: data\/.*\/cut\.dat: cut: PROSODY_TRUNCATED: .* \(byte \d+\)/],
    },
    {
      what: "other bytes than UTF-8",
      files: { [`${HOST}/config/latin.dat`]: Buffer.from(room("latin", '["name"] = "Caf\xe9";'), "latin1") },
      says: [/lost: .*\/latin\.dat: latin: PROSODY_ENCODING/],
    },
    {
      what: "other bytes than UTF-8 in an archive",
      files: {
        [`${HOST}/muc_log/well.list`]: Buffer.from(
          archived("a", "A", 1) + archived("b", "Caf\xe9", 2) + archived("c", "caf\\233", 2) + archived("d", "D", 3),
          "latin1",
        ),
      },
      says: [/lost: .*\/well\.list: record 2: PROSODY_ENCODING/, /lost: .*\/well\.list: record 3: PROSODY_ENCODING/],
      messages: ["a", "d"],
    },
    {
      what: "a truncated account, roster, vCard and state",
      files: Object.fromEntries(
        ["localhost/accounts/x", "localhost/roster/x", `${HOST}/vcard_muc/well`, `${HOST}/state/well`].map((name) => [
          `${name}.dat`,
          'return { ["half',
        ]),
      ),
      says: [
        /accounts\/x\.dat: x: PROSODY_T/,
        /roster\/x\.dat: x/,
        /vcard_muc\/well\.dat: well/,
        /state\/well\.dat: well/,
      ],
    },
    {
      what: "a file that is no data, and one with nothing in it",
      files: { [`${HOST}/config/empty.dat`]: "", [`${HOST}/config/text.dat`]: "return os.exit();" },
      says: [/lost: .*\/empty\.dat: empty: PROSODY_TRUNCATED/, /lost: .*\/text\.dat: text: PROSODY_SYNTAX/],
    },
    {
      what: "a room whose name cannot be prepared",
      files: { [`${HOST}/config/a%20b.dat`]: room("a b"), [`${HOST}/config/%ff.dat`]: room("x") },
      says: [
        /lost: .*\/a%20b\.dat: a b: the name can no longer be prepared/,
        /lost: .*\/%ff\.dat: its name is not UTF-8/,
      ],
    },
    {
      what: "two rooms that become one",
      files: { [`${HOST}/config/WELL.dat`]: room("WELL") },
      says: [/lost: .*\/WELL\.dat: WELL: it has the same name as .*\/well\.dat once it is prepared/],
    },
    {
      what: "two affiliations that become one",
      files: { [`${HOST}/config/two.dat`]: room("two", "", '["Juliet@localhost"] = "outcast";') },
      says: [/lost: .*\/two\.dat: two: the affiliations of Juliet@localhost and juliet@localhost .* stays owner/],
    },
    {
      what: "a half-written last record",
      files: { [`${HOST}/muc_log/well.list`]: archived("a", "A", 1) + archived("b", "B", 2).slice(0, 60) },
      says: [/lost: .*\/well\.list: record 2: PROSODY_TRUNCATED/, /muc_log: 2 messages in, 1 out, 1 skipped/],
      messages: ["a"],
    },
    {
      what: "a half-written record that was written on to",
      files: {
        [`${HOST}/muc_log/well.list`]:
          archived("a", "A", 1) + archived("b", "item(", 2).slice(0, 60) + archived("c", "C", 3),
      },
      says: [/lost: .*\/well\.list: record 2: PROSODY_SYNTAX/],
      messages: ["a", "c"],
    },
    {
      what: "a record that cannot be XML",
      files: { [`${HOST}/muc_log/well.list`]: archived("a", "\\000", 1) + "   \n" + archived("b", "B", 2) },
      says: [/lost: .*record 1: .*U\+0000 cannot be in XML/],
      messages: ["b"],
    },
    {
      what: "an id that comes twice",
      files: { [`${HOST}/muc_log/well.list`]: archived("a", "A", 1) + archived("a", "B", 2) },
      says: [/lost: .*record 2: there is a message with the id a before it/],
      messages: ["a"],
    },
    {
      what: "an index that does not fit",
      files: {
        [`${HOST}/muc_log/well.list`]: archived("a", "A", 1),
        [`${HOST}/muc_log/well.lidx`]: Buffer.from("58867600000000004302000000000000", "hex"),
      },
      says: [/note: .*\/well\.lidx: it ends at byte 579, and the list at \d+; the list itself was read/],
      lost: false,
      messages: ["a"],
    },
    {
      what: "messages out of order",
      files: { [`${HOST}/muc_log/well.list`]: archived("a", "A", 5) + archived("b", "B", 2) },
      says: [/note: .*\/well\.list: 1 messages are older than one before them/],
      lost: false,
      messages: ["b", "a"],
    },
  ];
  for (const { what, files, says, lost = true, messages } of bad) {
    it(`names ${what}, and goes on`, async () => {
      await using folder = await ProsodyFolder.make({ ...kept, ...files });
      const before = await folder.content();
      const { status, lines } = await folder.import();
      assert.deepEqual(await folder.content(), before);
      for (const pattern of says) assert.match(lines.join("\n"), pattern);
      assert.equal(status, lost ? 1 : 0);
      assert.notEqual(await folder.storage.openStore(ROOMS, "config").get("well"), undefined);
      if (messages === undefined) return;
      const archive = folder.storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
      const ids = [];
      for await (const { id } of (await archive.find("well"))?.items ?? []) ids.push(id);
      assert.deepEqual(ids, messages);
    });
  }

  const refused: readonly (readonly [config: string, words: readonly string[], says: RegExp])[] = [
    [`storage = "sql"\nComponent "${ROOMS}" "muc"`, [], /there is no database .*\/prosody\.sqlite/],
    [
      `storage = "sql"; sql = "x"\nComponent "${ROOMS}" "muc"`,
      [],
      /storage "sql" \(config, .*\): sql: expected a table/,
    ],
    [`storage = "xep0227"\nComponent "${ROOMS}" "muc"`, [], /storage "xep0227" \(config, .*\): only files/],
    [`storage = { muc_log = "memory" }\nComponent "${ROOMS}" "muc"`, [], /storage "memory" \(muc_log\): .* gone/],
    [`data_path = "data"\nComponent "${ROOMS}" "muc"`, [], /relative to where Prosody was started/],
    ['Component "other.localhost" "muc"', [], /has no Component "other\.localhost" "muc"/],
    [`Component "${ROOMS}" "muc"`, ["--host", "nowhere"], /has no host nowhere/],
    [`Component "${ROOMS}" "muc"`, ["--data-path", "none"], /there is no data folder none/],
    ["VirtualHost (", [], /prosody\.cfg\.lua:\d+: /],
  ];
  for (const [config, words, says] of refused) {
    it(`refuses, and writes nothing: ${config.replace("\n", " ")} ${words.join(" ")}`, async () => {
      await using folder = await ProsodyFolder.make(kept, config);
      const { status, lines } = await folder.import(...words);
      assert.equal(status, 1);
      assert.match(lines.join("\n"), says);
      assert.equal(lines.at(-1), "nothing was brought over");
      assert.equal(await folder.storage.openStore(ROOMS, "config").get("well"), undefined);
    });
  }

  it("leaves a room alone that was made here", async () => {
    await using folder = await ProsodyFolder.make(kept);
    const mine = { _jid: `well@${ROOMS}`, _data: { instance: "mine" }, _affiliations: {}, _affiliation_data: {} };
    await folder.storage.openStore(ROOMS, "config").set("well", mine);
    const { status, lines } = await folder.import();
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /lost: .*well: there is a room of that name already, which was made here/);
    assert.deepEqual(await folder.storage.openStore(ROOMS, "config").get("well"), mine);
  });

  it("refuses while Prosody runs, but for a dry run or a copy of its data", async () => {
    await using folder = await ProsodyFolder.make(kept, `pidfile = "prosody.pid"; Component "${ROOMS}" "muc"`);
    await folder.put("../prosody.pid", `${process.pid}\n`);
    const { status, lines } = await folder.import();
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /Prosody is running, as process \d+: stop it first/);
    assert.equal((await folder.import("--dry-run")).status, 0);
    assert.equal((await folder.import("--data-path", "data")).status, 0);
  });

  it("refuses Prosody's own data folder as Chorus's", async () => {
    await using folder = await ProsodyFolder.make(kept, `Component "${ROOMS}" "muc"`);
    const config = `Component "${ROOMS}" "muc" {}\ndata_path = ${JSON.stringify(`${folder.path}/data`)}`;
    const { status, lines } = await folder.importInto(config);
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /has Prosody's own data_path, .*: give Chorus a folder of its own/);
  });

  it("does not take what cannot be read for nothing", async () => {
    await using folder = await ProsodyFolder.make({ [HOST]: "a file where a folder should be" });
    const { status, lines } = await folder.import();
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /the data of conference\.localhost cannot be read: ENOTDIR/);
    await using other = await ProsodyFolder.make({ ...kept, [`${HOST}/muc_log`]: "another" });
    const outcome = await other.import();
    assert.equal(outcome.status, 1);
    assert.match(outcome.lines.join("\n"), /lost: .*\/muc_log: ENOTDIR/);
  });

  it("takes along who is inside where Chorus is attached", async () => {
    const nick = `garden@${ROOMS}/Romeo`;
    const presence = `{ ["name"] = "presence"; ["attr"] = { ["from"] = "${nick}"; ["to"] = "romeo@elsewhere.example/phone"; }; };`;
    const occupant = `{ ["bare_jid"] = "romeo@elsewhere.example"; ["role"] = "participant"; ["jid"] = "romeo@elsewhere.example/phone"; };`;
    await using folder = await ProsodyFolder.make({
      [`${HOST}/config/garden.dat`]: room("garden"),
      [`${HOST}/state/garden.dat`]: `return { ["romeo@elsewhere.example/phone"] = ${presence} ["${nick}"] = ${occupant} };`,
    });
    const attached = `Component "${ROOMS}" "muc"; component_secret = "s"; component_upstream = "xmpp://127.0.0.1:1"`;
    const { status, lines } = await folder.importInto(attached);
    assert.equal(status, 0, lines.join("\n"));
    assert.deepEqual(await folder.storage.openStore(ROOMS, "occupants", "keyval+").get("garden"), {
      "romeo@elsewhere.example/phone": {
        nick: "Romeo",
        role: "participant",
        presence: `<presence from="${nick}"/>`,
        primary: true,
      },
    });
  });

  it("ends and says so when nothing can be written, and is complete when it is done again", async () => {
    await using folder = await ProsodyFolder.make(WHOLE);
    let commits = 0;
    folder.disk.slowCommits(() => (++commits > 3 ? Promise.reject(new Error("no space left")) : Promise.resolve()));
    const { status, lines } = await folder.import();
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /STORAGE_WRITE_FAILED: .*no space left\nit ended there, unfinished/);
    folder.disk.repair();
    const again = await folder.import();
    assert.equal(again.status, 0);
    assert.match(again.lines.join("\n"), /muc_log: 3 messages in, 3 out/);
  });
});
