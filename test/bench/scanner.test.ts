import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Scanner } from "../../bench/load/scanner.js";

test("a scanner finds the same numbers wherever the chunks are cut", () => {
  const piece = fc.oneof(
    fc.integer({ min: 0, max: 999 }).map((number) => `<body>${String(number).padStart(3, "0")}`),
    fc.constantFrom("<", "<b", "<body", "<bod<body>", "<body>1", "text", "</body>"),
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(piece), cuts, (pieces, lengths) => {
      const text = pieces.join("");
      const expected = [...text.matchAll(/<body>(\d{3})/g)].map(([, digits]) => Number(digits));
      // Digits are not looked at: a marker always has its number.
      fc.pre([...text.matchAll(/<body>/g)].length === expected.length);
      const found: number[] = [];
      const scanner = new Scanner("<body>", 3, (number) => found.push(number));
      for (let at = 0, turn = 0; at < text.length; turn++) {
        const length = lengths[turn % lengths.length] ?? 1;
        scanner.feed(Buffer.from(text.slice(at, at + length)));
        at += length;
      }
      assert.deepEqual(found, expected);
    }),
  );
});
