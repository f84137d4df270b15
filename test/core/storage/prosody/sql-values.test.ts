/** Values in Prosody's databases read back as what they were, whoever has written them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { LuaTable, LuaValue } from "../../../../core/storage/prosody/lua-data.js";
import { decodeSql, rowsOfTable, tableOfRows } from "../../../../core/storage/prosody/sql-values.js";
import { needs } from "../../../support/required.js";
import { anyTable, luaOf, missing, runLua } from "./lua-values.js";

/** Whether Prosody's JSON, which has 14 digits of a fraction and no infinity, can hold a value exactly. */
function isExact(value: LuaValue): boolean {
  if (value instanceof Map) return [...value].every(([key, item]) => isExact(key) && isExact(item));
  // Its strings are read here as UTF-8, which bytes at random are not.
  if (typeof value === "string") return /^\p{ASCII}*$/u.test(value);
  return typeof value !== "number" || Number.isInteger(value);
}

/** What is no number JSON has no word for, and Prosody no way to store. */
function hasNoNaN(value: LuaValue): boolean {
  return value instanceof Map ? [...value.values()].every(hasNoNaN) : !Number.isNaN(value);
}

describe("values in a database", () => {
  it("any table comes back from its rows", () => {
    fc.assert(
      fc.property(anyTable.filter(hasNoNaN), (table) => {
        const rows = rowsOfTable(table);
        assert.deepEqual(tableOfRows(rows), table);
        assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length);
        for (const { value } of rows) assert.ok(!value.includes("\u0000"));
      }),
    );
  });

  it("what Prosody itself writes is read, and what is written here it reads", needs(missing()), () => {
    const tables: LuaTable[] = fc.sample(anyTable, 600).filter(isExact);
    assert.ok(tables.length > 20, `${tables.length} tables`);
    const theirs = runLua(
      `local json = require "util.json"\n${tables.map((table) => `say(json.encode(${luaOf(table)}))`).join("\n")}`,
    );
    for (const [at, table] of tables.entries()) assert.deepEqual(decodeSql("json", String(theirs[at])), table);
    const ours = tables.map((table) => rowsOfTable(new Map([[1, table]]))[0]?.value ?? "");
    const read = runLua(
      `local json = require "util.json"\n${ours
        .map((text) => `say(json.encode(json.decode(${luaOf(text)})))`)
        .join("\n")}`,
    );
    for (const [at, table] of tables.entries()) {
      assert.deepEqual(decodeSql("json", String(read[at])), new Map([[1, table]]));
    }
  });

  const damages: readonly (readonly [type: string, text: string, told: RegExp])[] = [
    ["boolean", "yes", /true or false/],
    ["number", "inf", /a number, got "inf"/],
    ["number", "", /a number/],
    ["json", "{", /JSON/],
    ["json", '{"a":inf}', /JSON/],
    ["xml", "<a>", /XML/],
    ["xml", "<!DOCTYPE a><a/>", /XML/],
    ["lua", "{}", /types, got "lua"/],
  ];
  for (const [type, value, told] of damages) {
    it(`refuses ${type} ${value}`, () => {
      assert.throws(
        () => tableOfRows([{ key: "a", type, value }]),
        (error) => {
          assert.ok(error instanceof Error && error.name === "DataError");
          assert.match(error.message, /^key "a": /);
          assert.match(error.message, told);
          return true;
        },
      );
    });
  }
});
