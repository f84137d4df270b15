/** Values of stores as Prosody has them, and back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromArchived, archived } from "../../../../core/storage/prosody/archived.js";
import { readData, type LuaTable } from "../../../../core/storage/prosody/lua-data.js";
import { fromJson, toJson } from "../../../../core/storage/prosody/lua-json.js";
import { writeData } from "../../../../core/storage/prosody/lua-writer.js";
import { shapeOf } from "../../../../core/storage/prosody/shapes.js";
import { fromElement, toElement } from "../../../../core/storage/prosody/stanza.js";
import type { Json } from "../../../../core/storage/store.js";
import { parseStanza } from "../../../../core/xmpp/parse.js";
import { serialise } from "../../../../core/xmpp/template.js";
import { anyTable } from "./lua-values.js";

const lua = (source: string): LuaTable => readData(Buffer.from(`return ${source}`)) as LuaTable;
/** By way of a file. */
const stored = (table: LuaTable): LuaTable => readData(Buffer.from(writeData(table))) as LuaTable;

const names = fc.constantFrom(
  "",
  "a",
  "1",
  "__proto__",
  "__array",
  "__hash",
  "__number",
  "__chorus_json",
  "é\ud83d\ude00",
);
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  names,
  fc.constantFrom("\ud800", "inf", "-9223372036854775808"),
);
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.integer({ min: 2 ** 30 }).map((number) => number * 2 ** 28),
    anyText,
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(names, anyText), tie("json"), { maxKeys: 4 }),
  ),
}));
const STORES = ["config", "roster", "private", "vcard", "vcard_muc", "accounts"];

const ROOM = {
  _jid: "orchard@rooms.example",
  _data: { name: "Orchard", history_length: 30, nothing: null, list: [] },
  _affiliations: { "juliet@example.org": "owner", "evil.example": "outcast", "romeo@example.org": "member" },
  _affiliation_data: { "juliet@example.org": { reserved_nickname: "Juliet" } },
};

describe("a value of a store", () => {
  it("comes back from Prosody's form of that store, whatever it is", () => {
    fc.assert(
      fc.property(json, fc.constantFrom(...STORES), (value, store) => {
        const exact = JSON.parse(JSON.stringify(value)) as Json;
        const { toTable, fromTable } = shapeOf(store);
        const table = toTable(exact);
        assert.notEqual(table.size, 0, "an empty table is no value to Prosody");
        assert.deepStrictEqual(fromTable(stored(table)), exact);
      }),
      { numRuns: 1000 },
    );
  });

  it("is Prosody's table again once it was read, whatever Prosody had there", () => {
    fc.assert(
      fc.property(anyTable, (table) => {
        const utf8 = readData(Buffer.from(writeData(table))) as LuaTable;
        const back = fromJson(toJson(utf8));
        assert.deepStrictEqual(toJson(back), toJson(utf8));
        if (utf8.size > 0) assert.deepStrictEqual(toJson(shapeOf("accounts").toTable(toJson(utf8))), toJson(utf8));
      }),
      { numRuns: 500 },
    );
  });

  const cases: readonly (readonly [what: string, store: string, value: Json, table: string])[] = [
    [
      "a room, with its affiliations beside its settings",
      "config",
      { ...ROOM, _data: { name: "Orchard" } },
      `{ ["_jid"] = "orchard@rooms.example"; ["_data"] = { ["name"] = "Orchard" };
         ["_affiliation_data"] = { ["juliet@example.org"] = { ["reserved_nickname"] = "Juliet" } };
         ["juliet@example.org"] = "owner"; ["evil.example"] = "outcast"; ["romeo@example.org"] = "member" }`,
    ],
    [
      "a room with what Prosody had there of its own",
      "config",
      {
        ...ROOM,
        _data: { prosody_unknown: { "x@y/z": "owner", "": { a: 1 } } },
        _affiliations: {},
        _affiliation_data: {},
      },
      `{ ["_jid"] = "orchard@rooms.example"; ["_data"] = {}; ["_affiliation_data"] = {};
         ["x@y/z"] = "owner"; [""] = { ["a"] = 1 } }`,
    ],
    [
      "a room with a setting that Lua has not, which is escaped alone",
      "config",
      { ...ROOM, _affiliations: {}, _affiliation_data: {}, _data: { name: "x", nothing: null } },
      `{ ["_jid"] = "orchard@rooms.example"; ["_data"] = { ["name"] = "x"; ["nothing"] = { ["__chorus_json"] = "null" } };
         ["_affiliation_data"] = {} }`,
    ],
    [
      "a roster",
      "roster",
      { "romeo@example.org": { subscription: "both", groups: { Friends: true } }, "": { version: 3, pending: {} } },
      `{ ["romeo@example.org"] = { ["subscription"] = "both"; ["groups"] = { ["Friends"] = true } };
         [false] = { ["version"] = 3; ["pending"] = {} } }`,
    ],
    [
      "a vCard",
      "vcard",
      `<vCard xmlns="vcard-temp"><FN>Juliet</FN></vCard>`,
      `{ { "Juliet"; ["name"] = "FN"; ["attr"] = { ["xmlns"] = "vcard-temp" } };
         ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp" } }`,
    ],
    [
      "private XML",
      "private",
      { "storage:storage:bookmarks": `<storage xmlns="storage:bookmarks"/>` },
      `{ ["storage:storage:bookmarks"] = { ["name"] = "storage"; ["attr"] = { ["xmlns"] = "storage:bookmarks" } } }`,
    ],
    ["a list with nothing in it", "notes", [], `{ ["__chorus_json"] = "[]" }`],
    ["text", "vcard", "no XML", `{ ["__chorus_json"] = "\\"no XML\\"" }`],
    ["a table of both kinds", "notes", { a: 1, __array: ["x"] }, `{ "x"; ["a"] = 1 }`],
    ["other keys", "notes", { __hash: [false, 1, 7, 2] }, `{ [false] = 1; [7] = 2 }`],
  ];
  for (const [what, store, value, table] of cases) {
    it(`is, of ${what}, the table that Prosody has`, () => {
      const { toTable, fromTable } = shapeOf(store);
      assert.deepEqual(toTable(value), lua(table));
      assert.deepEqual(fromTable(lua(table)), value);
    });
  }

  it("is the same entry by entry", () => {
    for (const [store, value] of [
      ["persistent", { a: true, b: null, c: { d: [] } }],
      ["private", { "x:y": `<x xmlns="y"><z/></x>` }],
    ] as const) {
      const { toTable, entries } = shapeOf(store);
      const pairs = Object.entries(value).map(([key, item]) => entries?.toEntry(key, item) ?? assert.fail());
      assert.deepEqual(new Map(pairs), toTable(value));
      assert.deepEqual(
        Object.fromEntries(pairs.map(([key, item]) => entries?.fromEntry(key, item) ?? assert.fail())),
        value,
      );
    }
    assert.equal(shapeOf("persistent").entries?.toEntry("__array", []), undefined);
    assert.equal(shapeOf("config").entries, undefined);
  });
});

describe("an element", () => {
  it("has its namespace wherever Prosody has it from the wire", () => {
    const xml = `<message type="groupchat" xml:lang="en"><body>hi</body><x xmlns="u:x" xmlns:p="u:p" p:a="1"><y/><message xmlns="jabber:client"><body/></message></x></message>`;
    assert.deepEqual(
      fromElement(parseStanza(xml)),
      lua(`{ { "hi"; ["name"] = "body"; ["attr"] = {} };
        { { ["name"] = "y"; ["attr"] = { ["xmlns"] = "u:x" } };
          { { ["name"] = "body"; ["attr"] = { ["xmlns"] = "jabber:client" } }; ["name"] = "message"; ["attr"] = { ["xmlns"] = "jabber:client" } };
          ["name"] = "x"; ["attr"] = { ["xmlns"] = "u:x"; ["u:p\\001a"] = "1" } };
        ["name"] = "message"; ["attr"] = { ["type"] = "groupchat"; ["xml:lang"] = "en" } }`),
    );
    assert.equal(
      serialise(toElement(fromElement(parseStanza(xml)))),
      xml.replaceAll("p:", "ns1:").replaceAll(":p=", ":ns1=").replaceAll("u:ns1:", "u:p"),
    );
  });

  it("has XML's own prefix where Prosody has XML's namespace, which nobody may write otherwise", () => {
    const table = lua(`{ { { ["name"] = "a"; ["attr"] = { ["xmlns"] = "jabber:client" } };
          ["name"] = "m"; ["attr"] = { ["xmlns"] = "http://www.w3.org/XML/1998/namespace"; ["xml:id"] = "q" } };
        { { { ["name"] = "c"; ["attr"] = { ["xmlns"] = "u:b" } };
            ["name"] = "m"; ["attr"] = { ["xmlns"] = "http://www.w3.org/XML/1998/namespace" } };
          ["name"] = "b"; ["attr"] = { ["xmlns"] = "u:b" } };
        ["name"] = "message"; ["attr"] = { ["http://www.w3.org/XML/1998/namespace\\001foo"] = "1"; ["xml:lang"] = "de" } }`);
    const text = serialise(toElement(table));
    assert.equal(
      text,
      `<message xml:foo="1" xml:lang="de"><xml:m xml:id="q"><a/></xml:m><b xmlns="u:b"><xml:m><c/></xml:m></b></message>`,
    );
    assert.equal(serialise(toElement(fromElement(parseStanza(text)))), text);
  });

  it("comes back with its id and time, which Prosody 0.12 reads without a fraction", () => {
    const stanza = parseStanza(`<message type="groupchat"><body>hi</body></message>`);
    for (const [when, written] of [
      [1795216631.21, 1795216631],
      [1795216631, 1795216631],
      [-0.5, -1],
      [1795216631.2104866, 1795216631.2104866],
    ] as const) {
      const message = { id: "a", when, with: "message<groupchat", stanza };
      const table = fromArchived(message);
      assert.equal(table.get("when"), written);
      const back = archived(stored(table));
      assert.ok(!(back instanceof Error));
      assert.deepEqual(
        [back.id, back.when, back.with, serialise(back.stanza)],
        ["a", when, message.with, serialise(stanza)],
      );
      assert.equal(fromArchived(message, true).get("when"), Math.floor(when));
    }
  });
});
