/** One text for many, made as bytes: the same bytes as text put together one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GatheredBytes } from "../../../core/links/gathered-bytes.js";
import { isAscii } from "../../../core/xmpp/template.js";

const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "grapheme", maxLength: 300 }));

/** What is appended, and the recipients of it, if it is for several: from which one on, and up to which. */
const part = fc.record({
  before: text,
  after: text,
  addresses: fc.array(text, { maxLength: 20 }),
  from: fc.nat(19),
  to: fc.nat(20),
});

test("what is gathered is what was appended, text by text and recipient by recipient", () => {
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 8 }), { maxLength: 4 }), (flushes) => {
      const gathered = new GatheredBytes();
      for (const parts of flushes) {
        let expected = "";
        for (const { before, after, addresses, from, to } of parts) {
          if (from < to && to <= addresses.length) {
            let end = 0;
            const ends = addresses.map((address) => (end += Buffer.byteLength(address)));
            const splice = { before, after, isAscii: isAscii(before + after) };
            gathered.appendEach(splice, { bytes: Buffer.from(addresses.join("")), ends }, from, to);
            for (const address of addresses.slice(from, to)) expected += before + address + after;
          } else {
            gathered.append(before, isAscii(before));
            expected += before;
          }
        }
        assert.equal(gathered.length, Buffer.byteLength(expected));
        assert.equal(gathered.take().toString(), Buffer.from(expected).toString());
      }
    }),
  );
});

test("what is more than a buffer holds is gathered whole", () => {
  const gathered = new GatheredBytes();
  const addresses = Array.from({ length: 1000 }, (_, i) => `user${i}@example/${"r".repeat(i % 50)}`);
  const ends: number[] = [];
  for (const address of addresses) ends.push((ends.at(-1) ?? 0) + address.length);
  for (const size of [10, 100, 30]) {
    const [before, after] = ["<".repeat(size), ">".repeat(size)];
    const recipients = { bytes: Buffer.from(addresses.join("")), ends };
    gathered.appendEach({ before, after, isAscii: true }, recipients, 0, addresses.length);
    assert.equal(gathered.take().toString(), addresses.map((address) => before + address + after).join(""));
  }
});

test("what was given away stays as it is when more is gathered", () => {
  const gathered = new GatheredBytes();
  gathered.append("first", true);
  const first = gathered.take();
  gathered.giveAway();
  gathered.append("other", true);
  assert.equal(first.toString(), "first");
  assert.equal(gathered.take().toString(), "other");
});
