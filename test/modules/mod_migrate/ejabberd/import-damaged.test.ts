/** What the import says of a damaged dump, and that it goes on with what follows. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EjabberdFile, message, room, ROOMS } from "./ejabberd-data.js";

describe("chorusctl import ejabberd, of damaged dumps", () => {
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
});
