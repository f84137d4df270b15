/** Lua data as Prosody's own serialiser writes it, byte by byte. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readData, readItem, type LuaTable, type LuaValue } from "../../../../core/storage/prosody/lua-data.js";
import { writeData, writeItem, writeValue } from "../../../../core/storage/prosody/lua-writer.js";
import { needs } from "../../../support/required.js";
import { anyTable, latin1, luaOf, missing, runLua } from "./lua-values.js";

/** Lua source of a value whose tables remember the order of their keys. */
function orderedLua(value: LuaValue): string {
  if (!(value instanceof Map)) return luaOf(value);
  return `ordered{${[...value].map(([key, item]) => `{${luaOf(key)},${orderedLua(item)}}`).join(";")}}`;
}

/** What Prosody writes, taking keys in the order they have here. */
function serialised(values: readonly LuaValue[]): string[] {
  return runLua(`
local orders = setmetatable({}, { __mode = "k" })
function ordered(entries)
  local table = {}
  for _, entry in ipairs(entries) do table[entry[1]] = entry[2] end
  orders[table] = entries
  return table
end
local function in_order(table)
  local at = 0
  return function()
    at = at + 1
    local entry = orders[table][at]
    if entry then return entry[1], entry[2] end
  end
end
local write = serialization.new { table_iterator = in_order }
${values.map((value) => `say(write(${orderedLua(value)}))`).join("\n")}
`).map(latin1);
}

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");
/** Times as they are stored, and floats of every size. */
const float = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: 0, max: 2 ** 52 }).map((parts) => parts / 2 ** 21),
  fc.integer({ min: -400, max: 400 }).map((power) => 2 ** power),
  fc.integer({ min: -30, max: 30 }).map((power) => 10 ** power),
);
const isFloat = (number: number): boolean => !Number.isInteger(number) || Math.abs(number) > 2 ** 63;

describe("Lua data that is written", () => {
  it("is byte by byte what Prosody's serialiser writes", needs(missing()), () => {
    const table = fc.oneof(
      anyTable,
      fc.array(float.filter(isFloat)).map((all): LuaTable => new Map(all.map((number, at) => [at + 1, number]))),
    );
    fc.assert(
      fc.property(fc.array(table, { minLength: 40, maxLength: 80 }), (values) => {
        const expected = serialised(values);
        for (const [at, value] of values.entries()) assert.equal(writeValue(value, bytesOf), expected[at]);
      }),
      { numRuns: 25 },
    );
  });

  it("has the floats that lie halfway between two as C has them", needs(missing()), () => {
    // 19 digits, the last a 5: JavaScript rounds these up, C to the even one.
    const halves = Array.from({ length: 400 }, (_, at) => (2 ** 52 + at) / 2 ** 3 / 2 ** (at % 12)).filter(
      (number) => !Number.isInteger(number),
    );
    const table: LuaTable = new Map(halves.map((number, at) => [at + 1, number]));
    assert.deepEqual([writeValue(table)], serialised([table]));
  });

  it("reads back equal, as a file and as a record of a list", () => {
    fc.assert(
      fc.property(anyTable, (table) => {
        assert.deepEqual(readData(Buffer.from(writeData(table))), table);
        const record = Buffer.from(writeItem(table));
        assert.deepEqual(readItem(record), { value: table, end: record.length - 1 });
      }),
    );
  });

  it("is refused when Prosody would refuse to write it", () => {
    const nested = (depth: number): LuaTable => (depth === 0 ? new Map() : new Map([[1, nested(depth - 1)]]));
    assert.doesNotThrow(() => writeData(nested(126)));
    assert.throws(() => writeData(nested(127)), RangeError);
  });
});
