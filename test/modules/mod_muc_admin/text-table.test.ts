/** Names that strangers chose stay in their column, on their line. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { alignedLine, cellText, oneLine, widthOf, widthsFor } from "../../../modules/mod_muc_admin/text-table.js";

describe("a table for humans", () => {
  it("has one line for a row, and nothing that moves the cursor or turns the writing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.doesNotMatch(oneLine(text), /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
    assert.equal(oneLine("a\tb\nc\\d\u001b[2J\u202ee\u200f"), "a\\tb\\nc\\\\d\\u001b[2J\\u202ee\\u200f");
  });

  it("keeps different names different", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
        assert.equal(oneLine(one) === oneLine(other), one === other);
      }),
    );
  });

  it("aligns what is wide and what has no width", () => {
    assert.deepEqual(["Ada", "\u5ead\u5712", "e\u0301te\u0301", "\u{1f600}!"].map(widthOf), [3, 4, 3, 3]);
    const lines = [
      ["\u5ead\u5712", "x"],
      ["Ada", "x"],
      ["e\u0301te\u0301", "x"],
    ];
    const widths = widthsFor(lines);
    const starts = lines.map((line) => widthOf(alignedLine(line, widths).replace(/x$/, "")));
    assert.deepEqual(starts, [6, 6, 6]);
  });

  it("says yes, no, and that there is nothing", () => {
    assert.deepEqual([true, false, null, "", [], 0, ["a", "b\n"], { a: 1 }].map(cellText), [
      "yes",
      "no",
      "-",
      "-",
      "-",
      "0",
      "a, b\\n",
      '{"a":1}',
    ]);
  });
});
