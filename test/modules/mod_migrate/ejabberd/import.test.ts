/** What comes over from what ejabberd wrote out. */
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

    // It is not public, which the list knows before anybody asks.
    const list = file.storage.openStore<unknown, "map">(ROOMS, "public_rooms", "map");
    assert.equal(await list.get(null, `garden@${ROOMS}`), false);
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
