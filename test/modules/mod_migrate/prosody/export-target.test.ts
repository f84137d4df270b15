/** Where an export goes, and what becomes of what is there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { EVERY_SHAPE } from "./every-shape.js";
import { CHORUS, ProsodyFolder, ROOMS } from "./prosody-data.js";
import { tablesIn } from "./prosody-tables.js";

describe("chorusctl export prosody, to where it is told", () => {
  it("writes nothing where there is data, unless it is told what becomes of that", async () => {
    await using folder = await ProsodyFolder.make(EVERY_SHAPE);
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
    await using folder = await ProsodyFolder.make(EVERY_SHAPE);
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

  it("goes where Prosody's configuration says, if Prosody is stopped and keeps files there", async () => {
    await using folder = await ProsodyFolder.make(EVERY_SHAPE);
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
