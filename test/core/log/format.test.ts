import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatMessage } from "../../../core/log/format.js";

const circular: Record<string, unknown> = {};
circular["self"] = circular;

const rows: readonly (readonly [format: string, args: readonly unknown[], message: string])[] = [
  ["plain", [], "plain"],
  ["100%", [], "100%"],
  ["100%%", [], "100%"],
  ["%s and %s", ["a", "b"], "a and b"],
  ["%s and %s", ["a"], "a and %s"],
  ["%s", ["a", "left over"], "a"],
  ["%s %s %s", [undefined, null, false], "undefined null false"],
  ["%d of %i", [3, 4.7], "3 of 4"],
  ["%d", ["many"], "[many]"],
  ["%d", [NaN], "[NaN]"],
  ["%.2f %f %g", [1.005, 2, 0.5], "1.00 2.000000 0.5"],
  ["%x", [255], "ff"],
  ["%j %j", [{ a: [1] }, "x"], '{"a":[1]} "x"'],
  ["%s", [{ a: 1 }], '{"a":1}'],
  ["%s", [["a", "b"]], "a,b"],
  ["%5d|%-5s", [1, "a"], "1|a"],
  ["%z %s", ["a"], "%z a"],
  ["%s", ["a\nb\x1b[31m\x7f\u2028"], "a\u240ab\u241b[31m\u2421\u2424"],
  ["%j", [circular], "<ref *1> { self: [Circular *1] }"],
  ["%j", [10n], "10n"],
];

for (const [format, args, message] of rows) {
  test(`log format ${JSON.stringify(format)} with ${args.length} arguments`, () => {
    assert.equal(formatMessage(format, args), message);
  });
}

test("an error is written with its stack", () => {
  const error = new Error("lost");
  assert.equal(formatMessage("failed: %s", [error]), `failed: ${error.stack ?? ""}`);
});

test("formatting never throws, and text of strangers makes no second line", () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.anything()), (format, args) => {
      assert.equal(typeof formatMessage(format, args), "string");
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.ok(!/[\n\r\x1b]/.test(formatMessage("%s %j %d", [text, text, text])));
    }),
  );
});
