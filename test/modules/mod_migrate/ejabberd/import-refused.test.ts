/** When the import of what ejabberd wrote out does not begin, and what it does not touch. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EjabberdFile, room, ROOMS } from "./ejabberd-data.js";

describe("chorusctl import ejabberd, where it must not", () => {
  const well = room("well");

  const refused: readonly (readonly [words: readonly string[], status: number, says: RegExp])[] = [
    [[], 2, /expected one of --dump, --sql, --database, got 0 of them/],
    [["--dump", "file", "--sql", "file"], 2, /got 2 of them/],
    [["--sql", "file", "--sql-type", "oracle"], 2, /--sql-type: expected one of mysql/],
    [["--dump", "nowhere"], 1, /--dump: ENOENT/],
    [["--dump", "file", "--host", "nowhere"], 1, /has neither a VirtualHost nor a Component "muc" nowhere/],
    [["--database", "oracle://x"], 1, /--database: expected sqlite:FILE/],
    [["--database", "sqlite:nowhere.sqlite"], 1, /--database: STORAGE_READ_FAILED/],
    [["--database", "mysql://localhost"], 1, /expected the name of a database/],
  ];
  for (const [words, status, says] of refused) {
    it(`refuses, and writes nothing: ${words.join(" ")}`, async () => {
      await using file = await EjabberdFile.make(well);
      const outcome = await file.import(words);
      assert.match(outcome.lines.join("\n"), says);
      assert.equal(outcome.status, status);
      assert.equal(await file.storage.openStore(ROOMS, "config").get("well"), undefined);
    });
  }

  it("leaves a room alone that was made here, and hosts that are not named", async () => {
    await using file = await EjabberdFile.make(well);
    assert.match((await file.import(["--dump", "file", "--host", "localhost"])).lines.join("\n"), /left: .*--host does not name/); // prettier-ignore
    const mine = { _jid: `well@${ROOMS}`, _data: { instance: "mine" }, _affiliations: {}, _affiliation_data: {} };
    await file.storage.openStore(ROOMS, "config").set("well", mine);
    const { status, lines } = await file.import(["--dump", "file"]);
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /lost: .*well: there is a room of that name already, which was made here/);
    assert.deepEqual(await file.storage.openStore(ROOMS, "config").get("well"), mine);
  });
});
