/** Prosody's data files, read and never evaluated; compared with Prosody's own serialiser. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DataError } from "../../../../core/storage/prosody/data-error.js";
import { readData, type LuaValue } from "../../../../core/storage/prosody/lua-data.js";
import { toJson } from "../../../../core/storage/prosody/lua-json.js";
import { decodeName, encodeName, encodeStore } from "../../../../core/storage/prosody/names.js";
import { needs } from "../../../support/required.js";
import { anyTable, latin1, luaOf, missing, runLua } from "./lua-values.js";

const read = (text: string | Buffer): LuaValue => readData(Buffer.from(text));
const PRESETS = ["nil", '"debug"', '"oneline"', '"compact"', '"pretty"', "{ unquoted = true, table_iterator = pairs }"];

/** What Prosody writes of values, in each of its ways. */
function serialised(values: readonly LuaValue[]): Buffer[] {
  return runLua(`
local presets = { ${PRESETS.slice(1).join(", ")} }
local writers = { serialization.serialize }
for _, preset in ipairs(presets) do writers[#writers + 1] = serialization.new(preset) end
for _, value in ipairs { ${values.map(luaOf).join(",\n")} } do
  for _, write in ipairs(writers) do say("return ", write(value), ";\\n") end
end
`);
}

describe("a data file of Prosody's", () => {
  it("reads back as Prosody's own serialiser wrote it, in each of its ways", needs(missing()), () => {
    fc.assert(
      fc.property(fc.array(anyTable, { minLength: 20, maxLength: 60 }), (values) => {
        const files = serialised(values);
        assert.equal(files.length, values.length * PRESETS.length);
        for (const [at, file] of files.entries()) {
          assert.deepEqual(
            readData(file, { decode: latin1 }),
            values[Math.floor(at / PRESETS.length)],
            file.toString("latin1"),
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  const cases: readonly (readonly [text: string, expected: unknown])[] = [
    ["return {};", {}],
    ['return {\n\t"a";\n\t{\n\t\t["x"] = 1;\n\t};\n};\n', ["a", { x: 1 }]],
    ['return { ["n"] = "\\195\\169 \\"q\\" \\n" };', { n: 'é "q" \n' }],
    [
      "return { a = 'single', [\"b\"] = [[long\n]], -- comment\n c = 0x10, --[[ more ]] d = -1.5e3 }",
      { a: "single", b: "long\n", c: 16, d: -1500 },
    ],
    ["return { 1, nil, 3 }", { __array: [1], __hash: [3, 3] }],
    ["return { [false] = { version = 3 } }", { __hash: [false, { version: 3 }] }],
    ["return { (1/0), (-1/0), (0/0) }", [{ __number: "inf" }, { __number: "-inf" }, { __number: "nan" }]],
    ["return { 9223372036854775807 }", [{ __number: "9223372036854775807" }]],
    ['return { "\\u{e9}\\xc3\\xa9\\z  \n x" }', ["ééx"]],
    ['return { ["__proto__"] = "x" }', JSON.parse('{"__proto__":"x"}')],
  ];
  for (const [source, expected] of cases) {
    it(`reads ${JSON.stringify(source)}`, () => {
      assert.deepEqual(toJson(read(source)), expected);
    });
  }

  const wrong: readonly (readonly [text: string | Buffer, code: string, offset: number])[] = [
    ["", "PROSODY_TRUNCATED", 0],
    ['return { ["a"] = "b', "PROSODY_TRUNCATED", 19],
    ['return { ["a"] = {', "PROSODY_TRUNCATED", 18],
    ["return os.exit()", "PROSODY_SYNTAX", 7],
    ["return { f() }", "PROSODY_SYNTAX", 9],
    ["return { 1 } .. 2", "PROSODY_SYNTAX", 13],
    ["return {} return {}", "PROSODY_SYNTAX", 10],
    ['return { "a\n" }', "PROSODY_SYNTAX", 11],
    ['return { "\\400" }', "PROSODY_SYNTAX", 14],
    [Buffer.from('return { "caf\xe9" }', "latin1"), "PROSODY_ENCODING", 9],
    [`return ${"{".repeat(100_000)}`, "PROSODY_SYNTAX", 207],
    [`return ${"(".repeat(100_000)}`, "PROSODY_SYNTAX", 208],
  ];
  for (const [source, code, offset] of wrong) {
    it(`refuses ${JSON.stringify(String(source).slice(0, 30))} with ${code}`, () => {
      assert.throws(
        () => read(source),
        (error: unknown) =>
          error instanceof DataError && error.code === code && (assert.equal(error.offset, offset), true),
      );
    });
  }

  it("is found under Prosody's names", () => {
    assert.equal(encodeName("täst.x_1"), "t%c3%a4st%2ex%5f1");
    assert.equal(encodeStore("muc_log"), "muc_log");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        assert.equal(decodeName(encodeName(name)), name);
      }),
      { numRuns: 20 },
    );
    assert.equal(decodeName("t%C3%A4st"), "täst");
    assert.equal(decodeName("%ff"), undefined);
  });
});
