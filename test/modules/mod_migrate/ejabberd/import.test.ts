/** What comes over from what ejabberd wrote out, and what is said of what does not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Accounts } from "../../../../core/hosts/accounts.js";
import { startService } from "../../../../core/testing/service.js";
import { CHORUS, EjabberdFile, message, room, ROOMS } from "./ejabberd-data.js";

const KEYS = `{scram,<<"V5WJe+Sih0MfqwgLrNoPI95ZcxE=">>,<<"WDI0aNch68HMDkNH2gjxCHjiVuA=">>,<<"AAEC//79/Pv6+fj39vX08w==">>,sha,4096}`;

const WHOLE = `{tables,[{passwd,[{record_name,passwd},{attributes,[us,password]}]},
         {roster,[{record_name,roster},{attributes,[usj,us,jid,name,subscription,approved,ask,groups,askmessage,xs]}]}]}.
{passwd,{<<"juliet">>,<<"localhost">>},
        ${KEYS}}.
{passwd,{<<"romeo">>,<<"localhost">>},<<"clear">>}.
{passwd,{<<"romeo">>,<<"elsewhere.example">>},<<"other">>}.
{roster,{<<"juliet">>,<<"localhost">>,{<<"romeo">>,<<"localhost">>,<<>>}},
        {<<"juliet">>,<<"localhost">>},{<<"romeo">>,<<"localhost">>,<<>>},
        <<"R">>,both,false,none,[<<"Friends">>],<<>>,[]}.
{roster,{<<"juliet">>,<<"localhost">>,{<<"paris">>,<<"localhost">>,<<>>}},
        {<<"juliet">>,<<"localhost">>},{<<"paris">>,<<"localhost">>,<<>>},
        <<>>,none,false,in,[],<<"marry me">>,[]}.
{private_storage,{<<"juliet">>,<<"localhost">>,<<"storage:bookmarks">>},
                 {xmlel,<<"storage">>,[{<<"xmlns">>,<<"storage:bookmarks">>}],[]}}.
{vcard,{<<"juliet">>,<<"localhost">>},
       {xmlel,<<"vCard">>,[{<<"xmlns">>,<<"vcard-temp">>}],[{xmlel,<<"FN">>,[],[{xmlcdata,<<"J & C">>}]}]}}.
{last_activity,{<<"juliet">>,<<"localhost">>},1,<<>>}.
{muc_registered,{{<<"juliet">>,<<"localhost">>},<<"${ROOMS}">>},<<"Jules">>}.
{muc_registered,{{<<"romeo">>,<<"localhost">>},<<"${ROOMS}">>},<<"Rom">>}.
{archive_msg,{<<"juliet">>,<<"localhost">>},<<"1">>,{0,0,1},{<<>>,<<"a">>,<<>>},{<<>>,<<"a">>,<<>>},{xmlel,<<"message">>,[],[]},<<>>,chat}.
${message("garden", 1795246523434777, "one")}${room(
  "garden",
  `{title,<<67,97,102,195,169>>},{description,<<"Roses">>},{public,false},{password_protected,true},{password,<<"p">>},
   {anonymous,false},{max_users,30},{mam,true},{lang,<<"de">>},{allow_visitor_nickchange,false},
   {allow_private_messages_from_visitors,moderators},{presence_broadcast,[moderator]},
   {subject,[{text,<<>>,<<"Roses">>}]},{subject_author,<<"Juliet">>},{captcha_protected,true},{brand_new,[1]},
   {hats_users,[{{<<"juliet">>,<<"localhost">>,<<>>},[{<<"urn:rose">>,<<"Gardener">>}]}]},
   {vcard,<<"<vCard xmlns='vcard-temp'/>">>}`,
)}${message("garden", "1795246523434778", "two &")}{muc_room,{<<"brief">>,<<"${ROOMS}">>},[{persistent,false}]}.
`;

describe("chorusctl import ejabberd", () => {
  it("brings rooms, archives and accounts over, says how many, and touches nothing of ejabberd's", async () => {
    await using file = await EjabberdFile.make(WHOLE);
    const before = await file.content();
    const { status, lines } = await file.import(["--dump", "file"]);
    assert.deepEqual(lines, [
      "(no host)",
      "  last_activity: 1 records in, 0 out, 1 skipped",
      "    left: file: 1 record: nothing here reads such a table; it is not brought over",
      "conference.localhost",
      "  muc_registered: 2 nicks in, 1 out, 1 skipped",
      "    note: file: juliet@localhost: the nick was theirs in all rooms; here it is in those where they have an affiliation",
      "    left: file: romeo@localhost: nicks are reserved in rooms here, for those who have an affiliation, and they have none in any",
      "  muc_log: 2 messages in, 2 out",
      "  config: 2 rooms in, 1 out, 1 skipped",
      "    note: file: garden: captcha_protected: there is no equivalent of CAPTCHAs; it is kept",
      "    note: file: garden: nothing here knows the option brand_new; it is kept",
      "    left: file: brief: it is temporary, and nobody is in it",
      "  vcard_muc: 1 vCards in, 1 out",
      "elsewhere.example",
      "  accounts: 1 accounts in, 0 out, 1 skipped",
      "    left: file: 1 record: this Chorus has no such host: its accounts stay where they are",
      "localhost",
      "  accounts: 2 accounts in, 2 out",
      "  roster: 2 contacts in, 2 out",
      "    note: file: juliet: what a contact said when asking for a subscription is not kept; the request is",
      "  private: 1 elements in, 1 out",
      "  vcard: 1 vCards in, 1 out",
      "  archive: 1 messages in, 0 out, 1 skipped",
      "    left: file: 1 record: archives of what users said to one another are not kept",
      "everything else is written",
      "nothing was lost",
    ]);
    assert.equal(status, 0);
    assert.deepEqual(await file.content(), before);

    const { _data: data, ...others } = ((await file.storage.openStore(ROOMS, "config").get("garden")) ?? {}) as {
      _data: Record<string, unknown>;
    };
    const { occupant_id_salt: salt, ...settings } = data;
    assert.match(String(salt), /^[\da-f-]{36}$/);
    assert.deepEqual(settings, {
      persistent: true,
      name: "Caf\u00e9",
      description: "Roses",
      language: "de",
      hidden: true,
      whois: "anyone",
      changesubject: true,
      password: "p",
      lock_visitor_nicks: true,
      presence_broadcast: { moderator: true },
      max_occupants: 30,
      archiving: true,
      allow_pm: "participant",
      allow_modpm: true,
      subject: "Roses",
      subject_from: `garden@${ROOMS}/Juliet`,
      ejabberd: { captcha_protected: true, brand_new: [1] },
    });
    assert.deepEqual(others, {
      _jid: `garden@${ROOMS}`,
      _affiliations: { "juliet@localhost": "owner" },
      _affiliation_data: {
        "juliet@localhost": {
          hats: { "urn:rose": { active: true, title: "Gardener" } },
          reserved_nickname: "Jules",
        },
      },
    });
    assert.deepEqual(await file.archive("garden"), ["1795246523434777 one", "1795246523434778 two &"]);
    assert.deepEqual(await file.storage.openStore("localhost", "roster").get("juliet"), {
      "": { version: 0, pending: { "paris@localhost": true } },
      "romeo@localhost": { subscription: "both", name: "R", groups: { Friends: true } },
    });

    // Once more, as after an interruption: nothing is there twice, and people keep their occupant ids.
    assert.deepEqual((await file.import(["--dump=file"])).lines, lines);
    assert.equal((await file.archive("garden")).length, 2);
    const again = (await file.storage.openStore(ROOMS, "config").get("garden")) as { _data: Record<string, unknown> };
    assert.equal(again._data["occupant_id_salt"], salt);

    await using service = await startService({ config: CHORUS, storage: file.storage });
    const accounts = new Accounts(service.service.hosts).provider("localhost");
    assert.equal(await accounts.testPassword?.("juliet", "secret"), true);
    assert.equal(await accounts.testPassword?.("juliet", "Secret"), false);
    assert.equal(await accounts.testPassword?.("romeo", "clear"), true);
  });

  it("writes nothing in a dry run, which says the same", async () => {
    await using file = await EjabberdFile.make(WHOLE);
    const { status, lines } = await file.import(["--dump", "file", "--dry-run", "--json"]);
    assert.equal(status, 0);
    const report = JSON.parse(lines.join("\n")) as { stores: { store: string; out: number }[] };
    assert.equal(report.stores.find(({ store }) => store === "muc_log")?.out, 2);
    for (const [host, store] of [
      [ROOMS, "config"],
      [ROOMS, "muc_log"],
      ["localhost", "accounts"],
      ["localhost", "roster"],
    ] as const) {
      // prettier-ignore
      for await (const user of file.storage.openStore(host, store).users()) assert.fail(`${store} has ${user}`);
    }
  });

  it("keeps real JIDs from those who must not see them", async () => {
    await using file = await EjabberdFile.make(
      room("open", "{anonymous,false}") + room("masked") + message("open", 5, "a") + message("masked", 5, "b"),
    );
    await file.import(["--dump", "file"]);
    for (const [node, isOpen] of [
      ["open", true],
      ["masked", false],
    ] as const) {
      // prettier-ignore
      const archive = file.storage.openStore<never, "archive">(ROOMS, "muc_log", "archive");
      for await (const { stanza } of (await archive.find(node))?.items ?? []) {
        assert.equal(stanza.attrs["from"], `${node}@${ROOMS}/Juliet`);
        assert.equal(stanza.toString().includes("juliet@localhost"), isOpen, stanza.toString());
        assert.match(stanza.toString(), /<occupant-id xmlns="urn:xmpp:occupant-id:0" id="[^"]+"\/>/);
      }
    }
  });

  const ofRoom = (option: string): string => room("well", option);
  const settings: readonly (readonly [option: string, expected: Readonly<Record<string, unknown>>])[] = [
    ["{moderated,true},{members_by_default,true}", { moderated: undefined }],
    ["{moderated,true},{members_by_default,false}", { moderated: true }],
    ['{moderated,true},{roles,[{{<<"a">>,<<"b">>,<<>>},visitor}]}', { kept_voices: [["a@b", "visitor"]] }],
    ["{allow_private_messages,false}", { allow_pm: "none" }],
    ["{allowpm,participants}", { allow_pm: "participant" }],
    ["{allowpm,none}", { allow_pm: "none" }],
    ["{allow_private_messages_from_visitors,nobody}", { allow_pm: "participant", allow_modpm: undefined }],
    ["{max_users,none}", { max_occupants: 0 }],
    ['{password,<<"p">>}', { password: undefined }],
    ["{allow_change_subj,false}", { changesubject: undefined }],
    ["{allow_user_invites,true},{members_only,true}", { allow_member_invites: true, members_only: true }],
    ["{mam,false}", { archiving: false }],
    ['{subject,<<"old">>}', { subject: "old", subject_from: undefined }],
    ['{subject,[{text,<<"de">>,<<"x">>}]},{subject_author,{<<"N">>,{jid,<<>>}}}', { subject: "x", subject_from: `well@${ROOMS}/N` }], // prettier-ignore
    ["{presence_broadcast,[]}", { presence_broadcast: {} }],
    ["{presence_broadcast,[visitor,participant,moderator]}", { presence_broadcast: undefined }],
    ['{pubsub,<<"xmpp:p">>}', { pubsub: "xmpp:p" }],
    ["{allow_query_users,false}", { ejabberd: { allow_query_users: false } }],
    ["{allow_query_users,true},{vcard_xupdate,undefined}", { ejabberd: undefined }],
  ];
  for (const [option, expected] of settings) {
    it(`has for ${option}: ${JSON.stringify(expected)}`, async () => {
      // What is written last of an option is what counts.
      await using file = await EjabberdFile.make(ofRoom(option));
      const { status, lines } = await file.import(["--dump", "file"]);
      assert.equal(status, 0, lines.join("\n"));
      const stored = (await file.storage.openStore(ROOMS, "config").get("well")) as { _data: Record<string, unknown> };
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(stored._data[key], value);
    });
  }

  const well = room("well");
  const bad: readonly {
    readonly what: string;
    readonly content: string | Buffer;
    readonly says: readonly RegExp[];
    readonly lost?: boolean;
    readonly archive?: readonly string[];
  }[] = [
    {
      what: "a truncated dump",
      content: well + message("well", 1, "a") + message("well", 2, "b").slice(0, 150),
      says: [/lost: file: line \d+: EJABBERD_TRUNCATED/],
      archive: ["1 a"],
    },
    {
      what: "a record that was cut short in the middle",
      content: message("well", 1, "a").slice(0, 150) + "\n" + message("well", 2, "b") + well,
      says: [/lost: file: line \d+: EJABBERD_SYNTAX/],
      archive: ["2 b"],
    },
    {
      what: "a record that is none",
      content: `{muc_room,os:cmd("x")}.\n{foo}\n${well}`,
      says: [
        /lost: file: line 1: EJABBERD_SYNTAX: expected }, got ":cmd/,
        /lost: file: line 3: EJABBERD_SYNTAX: expected \., got/,
      ],
    },
    {
      what: "other bytes than UTF-8",
      content: well + room("latin", '{title,<<"Caf\xe9">>}') + message("well", 1, "caf\xe9") + message("well", 2, "b"),
      says: [/lost: file: line \d+: latin: title is nothing that it may be/, /lost: file: line \d+: EJABBERD_ENCODING/],
      archive: ["2 b"],
    },
    {
      what: "a room whose name cannot be prepared",
      content: well + room("a b"),
      says: [/lost: file: line \d+: a b: the name can no longer be prepared/],
    },
    {
      what: "two rooms that become one",
      content: well + room("WELL"),
      says: [/lost: file: line \d+: WELL: it has the same name as well before it, once it is prepared/],
    },
    {
      what: "a room of a service that is none here",
      content: well + room("x", "", "rooms.example"),
      says: [/lost: file: line \d+: x: there is no Component "rooms\.example" "muc" here: add it/],
    },
    {
      what: "a message that cannot be XML",
      content: well + message("well", 1, "\\000") + message("well", 2, "b"),
      says: [/lost: file: line \d+: well: EJABBERD_SHAPE: expected XML/],
      archive: ["2 b"],
    },
    {
      what: "another message of the same time",
      content: well + message("well", 1, "a") + message("well", 1, "b") + message("well", 1, "a"),
      says: [/note: file: line \d+: there is another message with its id; here it is 1-2/, /left: file: 1 record: the same message is there more than once/], // prettier-ignore
      lost: false,
      archive: ["1 a", "1-2 b"],
    },
    {
      what: "keys of a wrong length",
      content: `${well}{passwd,{<<"j">>,<<"localhost">>},{scram,<<"AAAA">>,<<"AAAA">>,<<"AAAA">>,sha,4096}}.\n`,
      says: [/lost: file: line 4: j: EJABBERD_SHAPE: expected a key of 20 bytes, got 3/],
    },
    {
      what: "an affiliation that is none",
      content: `${well}{muc_room,{<<"x">>,<<"${ROOMS}">>},[{persistent,true},{moderated,false},{affiliations,[{{<<"a">>,<<"b">>,<<>>},{king,<<>>}}]}]}.\n`,
      says: [/lost: file: line 4: x: the affiliation of a@b is none/],
    },
  ];
  for (const { what, content, says, lost = true, archive } of bad) {
    it(`names ${what}, and goes on`, async () => {
      await using file = await EjabberdFile.make(content);
      const { status, lines } = await file.import(["--dump", "file"]);
      for (const pattern of says) assert.match(lines.join("\n"), pattern);
      assert.equal(status, lost ? 1 : 0, lines.join("\n"));
      assert.notEqual(await file.storage.openStore(ROOMS, "config").get("well"), undefined);
      if (archive) assert.deepEqual(await file.archive("well"), archive);
    });
  }

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

  it("ends and says so when nothing can be written, and is complete when it is done again", async () => {
    await using file = await EjabberdFile.make(WHOLE);
    let commits = 0;
    file.disk.slowCommits(() => (++commits > 3 ? Promise.reject(new Error("no space left")) : Promise.resolve()));
    const { status, lines } = await file.import(["--dump", "file"]);
    assert.equal(status, 1);
    assert.match(lines.join("\n"), /STORAGE_WRITE_FAILED: .*no space left\nit ended there, unfinished/);
    file.disk.repair();
    assert.equal((await file.import(["--dump", "file"])).status, 0);
    assert.equal((await file.archive("garden")).length, 2);
  });
});
