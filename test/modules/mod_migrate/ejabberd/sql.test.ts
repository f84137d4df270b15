/** SQL statements as ejabberd writes them out, read and never run. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { readStatement, type Quoting } from "../../../../modules/mod_migrate/ejabberd/sql-statement.js";
import { quotingOf } from "../../../../modules/mod_migrate/ejabberd/sql-text.js";
import { TextError } from "../../../../modules/mod_migrate/ejabberd/text-error.js";
import { EjabberdFile, ROOMS } from "./ejabberd-data.js";

/** Text in quotes, as ejabberd writes it for MySQL, and for SQLite. */
const QUOTED: Readonly<Record<Quoting, (text: string) => string>> = {
  standard: (text) => `'${text.replaceAll("'", "''")}'`,
  backslash(text) {
    const escapes: Readonly<Record<string, string>> = { "\0": "\\0", "\n": "\\n", "\t": "\\t", "\b": "\\b", "\r": "\\r", "'": "''", '"': '\\"', "\\": "\\\\" }; // prettier-ignore
    return `'${text.replaceAll(/[^]/g, (char) => escapes[char] ?? char)}'`;
  },
};

const rowsOf = (text: string, quoting: Quoting = "backslash"): unknown => readStatement(text, 0, quoting)?.value.rows;

describe("an SQL statement", () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc.constantFrom("'", "\\", '"', "\n", ";", "--", "');\nINSERT INTO x(a) VALUES ('", "\\'", "it's"),
  );
  for (const quoting of ["standard", "backslash"] as const) {
    it(`gives back the text that it was made of, quoted the ${quoting} way`, () => {
      fc.assert(
        fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (values) => {
          const columns = values.map((_, at) => `c${at}`);
          const statement = `INSERT INTO t(${columns.join(", ")}) VALUES (${values.map(QUOTED[quoting]).join(", ")});\n`;
          const read = readStatement(statement, 0, quoting);
          assert.equal(read?.end, statement.length - 1);
          assert.deepEqual(read.value.rows, [Object.fromEntries(values.map((value, at) => [columns[at], value]))]);
        }),
        { numRuns: 300 },
      );
    });
  }

  const cases: readonly (readonly [statement: string, rows: unknown])[] = [
    ["-- a comment\n/* more */ insert into T (A) values (1);", [{ a: 1 }]],
    ["INSERT INTO t(a, b) VALUES (1, 'x'), (-2.5, NULL) ;", [{ a: 1, b: "x" }, { a: -2.5, b: undefined }]], // prettier-ignore
    ['REPLACE INTO `s`.`t`("a") VALUES (TRUE);', [{ a: 1 }]],
    ["INSERT OR REPLACE INTO [t]([a]) VALUES (x'6869');", [{ a: "hi" }]],
    ["INSERT INTO t(a) VALUES (E'a\\nb') ON CONFLICT (a) DO UPDATE SET a=';';", [{ a: "a\nb" }]],
    ["INSERT INTO t(a, b) VALUES (N'x', 'y'::text);", [{ a: "x", b: "y" }]],
    ["INSERT INTO t(a) VALUES (18446744073709551615);", [{ a: "18446744073709551615" }]],
    ["delete from t where a='x;y' and 0=0;", []],
    ["BEGIN;", []],
  ];
  for (const [statement, rows] of cases) {
    it(`is read: ${JSON.stringify(statement)}`, () => {
      assert.deepEqual(rowsOf(statement), rows);
    });
  }

  const wrong: readonly (readonly [statement: string, code: string])[] = [
    ["INSERT INTO t(a) VALUES ('x", "EJABBERD_TRUNCATED"],
    ["INSERT INTO t(a) VALUES ('x')", "EJABBERD_TRUNCATED"],
    ["INSERT INTO t(a) VALUES (1, 2);", "EJABBERD_SYNTAX"],
    ["INSERT INTO t VALUES (1);", "EJABBERD_SYNTAX"],
    ["INSERT INTO t(a) VALUES (f(1));", "EJABBERD_SYNTAX"],
    ["hello;", "EJABBERD_SYNTAX"],
  ];
  for (const [statement, code] of wrong) {
    it(`is refused with ${code}: ${statement}`, () => {
      assert.throws(
        () => rowsOf(statement),
        (error: unknown) => error instanceof TextError && (assert.equal(error.code, code), true),
      );
    });
  }

  describe("in a file", () => {
    let folder = "";
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "chorus-sql-"));
    });
    after(() => rm(folder, { recursive: true, force: true }));
    for (const quoting of ["standard", "backslash"] as const) {
      it(`tells by itself that it quotes the ${quoting} way`, async () => {
        const file = join(folder, quoting);
        for (const content of ['<<"a">>', "x".repeat(70_000) + '\\\\"', "\\\"'\n"]) {
          if (quoting === "standard" && content.startsWith("\\")) continue; // one such text alone could be either
          await writeFile(file, `-- \nINSERT INTO t(a, b) VALUES ('', ${QUOTED[quoting](content)});\n`);
          assert.equal(await quotingOf(file), quoting, content.slice(0, 20));
        }
      });
    }
  });
});

/** What `export2sql` writes of a service. @param quote how it quotes */
function exported(quote: (text: string) => string): string {
  const insert = (table: string, row: Readonly<Record<string, string>>): string =>
    `INSERT INTO ${table}(${Object.keys(row).join(", ")}) VALUES (${Object.values(row).map(quote).join(", ")});\n`;
  const said = insert("archive", {
    username: `well@${ROOMS}`,
    timestamp: "1795246523434777",
    peer: "juliet@localhost/balcony",
    bare_peer: "juliet@localhost",
    xml: "<message from='juliet@localhost/balcony' type='groupchat'><body>it&apos;s\n\"me\" \\ \u00e9</body></message>",
    txt: 'it\'s\n"me" \\ \u00e9',
    kind: "groupchat",
    nick: "Juliet",
  });
  const affiliations = '[{{<<"juliet">>,<<"localhost">>,<<>>},owner}]';
  return [
    "-- \n-- Mnesia table: archive_msg\n--\n",
    said,
    said,
    "delete from muc_room where name='well' and host='conference.localhost';\n",
    insert("muc_room", { name: "well", host: ROOMS, opts: `[{title,<<"It's">>},{persistent,true},{moderated,false},{affiliations,${affiliations}}]` }), // prettier-ignore
    "delete from users where username='juliet' and 0=0;\n",
    insert("users", { username: "juliet", password: "sha256:bad", serverkey: "bad", salt: "AAAA", iterationcount: "4096" }), // prettier-ignore
    insert("rosterusers", { username: "juliet", jid: "romeo@localhost", nick: "R", subscription: "B", ask: "N", askmessage: "" }), // prettier-ignore
    insert("rostergroups", { username: "juliet", jid: "romeo@localhost", grp: "Friends" }),
    insert("motd", { username: "juliet", xml: "" }),
    "INSERT INTO muc_room(name, host) VALUES ('cut",
  ].join("");
}

describe("chorusctl import ejabberd --sql", () => {
  for (const quoting of ["standard", "backslash"] as const) {
    it(`brings over what is quoted the ${quoting} way, and names what is damaged`, async () => {
      await using file = await EjabberdFile.make(Buffer.from(exported(QUOTED[quoting])));
      const { status, lines } = await file.import(["--sql", "file"]);
      assert.equal(status, 1);
      const said = lines.join("\n");
      for (const pattern of [
        /lost: file: line \d+: EJABBERD_TRUNCATED: the text ends within quotes/,
        /lost: file: line \d+: juliet: EJABBERD_SHAPE: expected base64/,
        /muc_log: 2 messages in, 1 out, 1 skipped/,
        /left: file: 1 record: the same message is there more than once/,
        /motd: 1 records in, 0 out/,
        /config: 1 rooms in, 1 out/,
      ]) {
        assert.match(said, pattern);
      }
      assert.deepEqual(await file.archive("well"), ['1795246523434777 it\'s\n"me" \\ \u00e9']);
      assert.deepEqual(await file.storage.openStore("localhost", "roster").get("juliet"), {
        "romeo@localhost": { subscription: "both", name: "R", groups: { Friends: true } },
      });
    });
  }

  it("asks of which host accounts are that do not say it", async () => {
    await using file = await EjabberdFile.make("INSERT INTO users(username, password) VALUES ('juliet', 'secret');\n");
    const config = 'VirtualHost "localhost"\nVirtualHost "other.example"\n';
    const { status, lines } = await file.import(["--sql", "file"], config);
    assert.equal(status, 1);
    assert.match(
      lines.join("\n"),
      /lost: file: line 1: juliet: it does not say of which host it is: say that by --host/,
    );
    const named = await file.import(["--sql", "file", "--host", "other.example"], config);
    assert.equal(named.status, 0, named.lines.join("\n"));
    assert.notEqual(await file.storage.openStore("other.example", "accounts").get("juliet"), undefined);
  });
});
