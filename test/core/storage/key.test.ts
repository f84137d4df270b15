import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  compareCodePoints,
  decodeKey,
  encodeKey,
  extendKey,
  pastKey,
  type KeyPart,
} from "../../../core/storage/key.js";

/** Strings of anything JavaScript lets a string hold, with much of what encodings get wrong. */
const anyString = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom("\u0000", "\u0001", "\u0002", "\u0003", "ÿ", "a", "\ud800", "\udc00", "\uffff", "\ud7ff"))
    .map((parts) => parts.join("")),
);
const tuple = fc.array(fc.oneof({ weight: 4, arbitrary: anyString }, fc.constant(null)), { maxLength: 4 });

function codePoints(text: string): number[] {
  return [...text].map((character) => character.codePointAt(0) ?? 0);
}

function compareLists<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compare(a[at] as T, b[at] as T);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

function compareParts(a: KeyPart, b: KeyPart): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compareLists(codePoints(a), codePoints(b), (x, y) => Math.sign(x - y));
}

void describe("keys of records", () => {
  void it("give back the tuple that they were made of", () => {
    fc.assert(fc.property(tuple, (parts) => assert.deepEqual(decodeKey(encodeKey(parts)), parts)));
  });

  void it("sort as the tuples do: part by part, by code point, null first", () => {
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        assert.equal(Buffer.compare(encodeKey(a), encodeKey(b)), compareLists(a, b, compareParts));
      }),
      { numRuns: 1000 },
    );
  });

  void it("lie between a prefix and its end exactly if the tuple begins with it", () => {
    fc.assert(
      fc.property(tuple, tuple, (prefix, other) => {
        const key = encodeKey(prefix);
        const inside = (parts: KeyPart[]): boolean =>
          Buffer.compare(encodeKey(parts), key) >= 0 && Buffer.compare(encodeKey(parts), pastKey(key)) < 0;
        assert.ok(inside([...prefix, ...other]));
        assert.deepEqual(other.reduce(extendKey, key), encodeKey([...prefix, ...other]));
        const begins = compareLists(prefix, other.slice(0, prefix.length), compareParts) === 0;
        assert.equal(inside(other), begins);
      }),
      { numRuns: 1000 },
    );
  });

  void it("order strings as the comparison of strings does", () => {
    fc.assert(fc.property(anyString, anyString, (a, b) => assert.equal(compareCodePoints(a, b), compareParts(a, b))));
  });
});
