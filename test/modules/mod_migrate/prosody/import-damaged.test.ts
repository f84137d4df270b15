/** What the import says of files of Prosody's that are damaged, and that it goes on with the others. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { archived, HOST, ProsodyFolder, room, ROOMS } from "./prosody-data.js";

describe("chorusctl import prosody, of damaged files", () => {
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
});
