/** What an export makes of what Prosody does not have in that way, and what it leaves out and says so. */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startService } from "../../../../core/testing/service.js";
import { xml } from "../../../../core/xmpp/element.js";
import { createRoom, received } from "../../../support/rooms.js";
import { CHORUS, HOST, ProsodyFolder, room, ROOMS } from "./prosody-data.js";
import { tablesIn } from "./prosody-tables.js";

describe("chorusctl export prosody, of what Prosody has not", () => {
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
});
