/** When the import from Prosody's files does not begin, and which rooms it does not touch. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOST, ProsodyFolder, room, ROOMS } from "./prosody-data.js";

describe("chorusctl import prosody, where it must not", () => {
  const kept = { [`${HOST}/config/well.dat`]: room("well") };

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
});
