/** The way back: what came from Prosody is in Prosody's files, or its database, again. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { ProsodyFiles } from "../../../../core/storage/prosody/prosody-files.js";
import { ProsodySql } from "../../../../core/storage/prosody/prosody-sql.js";
import { openSql } from "../../../../core/storage/sql/connection.js";
import { chorus, run, serverFolder } from "../../../support/cli.js";
import { describeDatabases, sqlOption } from "../../../support/databases.js";
import { EVERY_SHAPE } from "./every-shape.js";
import { CHORUS, HOST, ProsodyFolder, ROOMS } from "./prosody-data.js";
import { recordsOf, tablesIn } from "./prosody-tables.js";

const UPSTREAM = 'component_secret = "s"; component_upstream = "xmpp://127.0.0.1:1"';

describe("chorusctl export prosody", () => {
  it("gives back all that was brought over, and nothing else", async () => {
    await using folder = await ProsodyFolder.make(EVERY_SHAPE);
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

  it("goes on while the server runs, from the folder of whoever calls, and without those who are inside", async () => {
    const config = `data_path = "data"; c2s_ports = { 0 }; c2s_interfaces = { "127.0.0.1" }; log = "chorus.log"\n${CHORUS}`;
    await using folder = await serverFolder(config);
    for (const [name, text] of Object.entries(EVERY_SHAPE)) {
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
});

describeDatabases("chorusctl export prosody", (database) => {
  it("gives back all that was brought over, in a database", async () => {
    const options = await database.create();
    await using folder = await ProsodyFolder.make(EVERY_SHAPE);
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
