/** What comes over from Prosody's files. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Accounts } from "../../../../core/hosts/accounts.js";
import { startService } from "../../../../core/testing/service.js";
import { getChild, xml } from "../../../../core/xmpp/element.js";
import { NS_DISCO_ITEMS } from "../../../../core/xmpp/namespaces.js";
import { request } from "../../../support/rooms.js";
import { CHORUS, HOST, ProsodyFolder, room, ROOMS, WHOLE } from "./prosody-data.js";

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

    // What the list of public rooms knows of each: the first who asks need not wait until it is made.
    const entries = folder.storage.openStore<unknown, "map">(ROOMS, "public_rooms", "map").entries(null);
    const listed: unknown[] = [];
    for await (const entry of entries) listed.push(entry);
    assert.deepEqual(listed, [
      [`garden@${ROOMS}`, { name: "Café", open: true, whois: "moderators" }],
      [`old@${ROOMS}`, false],
      [`tomb@${ROOMS}`, false],
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
