/** Stores of Prosody's that nothing here reads come over as they are. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { archived, CHORUS, HOST, ProsodyFolder, room, ROOMS } from "./prosody-data.js";

const OFFLINE = `item({
	{
		"are you there?";
		["name"] = "body";
		["attr"] = {};
	};
	["name"] = "message";
	["attr"] = { ["to"] = "juliet@localhost"; ["stamp"] = "2026-11-20T00:00:00Z"; };
});
`;

const FILES = {
  [`${HOST}/config/garden.dat`]: room("garden"),
  [`${HOST}/muc_log_cleanup/2026%2d11%2d20.dat`]: 'return { ["garden"] = true; };',
  "localhost/offline/juliet.list": OFFLINE + archived("own-id", "still?", 1795216000),
  "localhost/account_details/juliet.dat": 'return { ["email"] = "juliet@example"; [2] = "b"; [1] = "a"; };',
  "localhost/invite_token/AbC.dat": 'return { ["type"] = "register"; ["uses"] = (1/0); };',
  "localhost/lastlog.dat": 'return { ["login"] = 5; };',
  "localhost/pep_urn%3ax/juliet.list": archived("current", "item", 1795216000),
};

describe("chorusctl import prosody, of stores that nothing here reads", () => {
  it("keeps them under their names, values and archives, and says so", async () => {
    await using folder = await ProsodyFolder.make(FILES);
    for (const _ of ["once", "again"]) {
      const { status, lines } = await folder.import();
      assert.equal(status, 0, lines.join("\n"));
      const text = lines.join("\n");
      const counts = {
        offline: 2,
        account_details: 1,
        invite_token: 1,
        lastlog: 1,
        "pep_urn:x": 1,
        muc_log_cleanup: 1,
      };
      for (const [store, count] of Object.entries(counts)) {
        const note = `    note: data: ${store}: nothing here reads such a store; it is kept as it is`;
        assert.ok(text.includes(`  ${store}: ${count} records in, ${count} out\n${note}`), `${store}: ${text}`);
      }
    }
    const { storage } = folder;
    assert.deepEqual(await storage.openStore("localhost", "account_details").get("juliet"), {
      email: "juliet@example",
      __array: ["a", "b"],
    });
    assert.deepEqual(await storage.openStore("localhost", "invite_token").get("AbC"), {
      type: "register",
      uses: { __number: "inf" },
    });
    assert.deepEqual(await storage.openStore("localhost", "lastlog").get(null), { login: 5 });
    assert.deepEqual(await storage.openStore(ROOMS, "muc_log_cleanup").get("2026-11-20"), { garden: true });
    const found = [];
    const offline = storage.openStore<never, "archive">("localhost", "offline", "archive");
    for await (const { id, when, stanza } of (await offline.find("juliet"))?.items ?? []) {
      found.push([id, when, stanza.attrs["to"], stanza.getChildText("body")]);
    }
    // One that has no id of its own is known to Prosody by its place.
    assert.deepEqual(found, [
      ["1", Date.parse("2026-11-20T00:00:00Z") / 1000, "juliet@localhost", "are you there?"],
      ["own-id", 1795216000, `garden@${ROOMS}`, "still?"],
    ]);
  });

  it("puts nothing in the place of what Chorus keeps", async () => {
    const other = 'return { ["x"] = 1; };';
    await using folder = await ProsodyFolder.make({
      ...FILES,
      [`${HOST}/occupants/garden.dat`]: other,
      [`${HOST}/muc_log_cleanup/garden.dat`]: other,
    });
    await folder.storage.openStore(ROOMS, "muc_log_cleanup").set("garden", { mine: true });
    const { status, lines } = await folder.import();
    assert.equal(status, 0);
    for (const store of ["occupants", "muc_log_cleanup"]) {
      assert.match(lines.join("\n"), new RegExp(`left: data: ${store}: Chorus keeps something else under that name`));
    }
    assert.deepEqual(await folder.storage.openStore(ROOMS, "muc_log_cleanup").get("garden"), { mine: true });
    assert.equal(await folder.storage.openStore(ROOMS, "occupants").get("garden"), undefined);
  });

  it("says of what cannot be kept that it stays behind", async () => {
    const config = `VirtualHost "localhost"\nComponent "${ROOMS}" "muc"\nComponent "upload.localhost" "http_file_share"`;
    const files = { ...FILES, "localhost/pictures/one.png": "PNG", "localhost/empty/juliet.dat~": "" };
    await using folder = await ProsodyFolder.make(files, config);
    const { status, lines } = await folder.import();
    assert.equal(status, 0);
    assert.match(lines.join("\n"), /left: data: pictures: it has neither data nor archives of users/);
    assert.match(lines.join("\n"), /left: prosody\.cfg\.lua: upload\.localhost: it is a component without rooms/);
  });

  it("finds vCards where `vcard_store_name` says, and puts them where it says here", async () => {
    const card = 'return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; };';
    const source = `VirtualHost "localhost"\nComponent "${ROOMS}" "muc"\n  vcard_store_name = "cards"`;
    await using folder = await ProsodyFolder.make({ ...FILES, [`${HOST}/cards/garden.dat`]: card }, source);
    const { lines } = await folder.importInto(`${CHORUS}  vcard_store_name = "pictures"\n`);
    assert.match(lines.join("\n"), /\n {2}cards: 1 vCards in, 1 out/);
    const stored = await folder.storage.openStore(ROOMS, "pictures").get("garden");
    assert.equal(stored, '<vCard xmlns="vcard-temp"/>');
  });
});
