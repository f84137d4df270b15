/** The order of the list of public rooms, and places in it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BareJid } from "../../../core/xmpp/jid.js";
import { compareCodePoints } from "../../../modules/mod_muc/code-points.js";
import { PublicList } from "../../../modules/mod_muc/public-list.js";

// Text of any planes, also such that UTF-16 orders differently.
const jid = fc.string({ unit: fc.constantFrom("a", "b", "é", "\uffee", "😀"), minLength: 1, maxLength: 3 });

test("texts are in the order of their bytes in UTF-8, as in stores", () => {
  fc.assert(
    fc.property(jid, jid, (a, b) => {
      assert.equal(Math.sign(compareCodePoints(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

test("after any changes, pages of any size are the whole list in order", () => {
  const change = fc.record({ jid, isPublic: fc.boolean() });
  fc.assert(
    fc.property(fc.array(jid), fc.array(change), fc.integer({ min: 1, max: 5 }), (first, changes, limit) => {
      const expected = new Set(first);
      const list = new PublicList([...expected] as BareJid[]);
      for (const { jid, isPublic } of changes) {
        list.set(jid as BareJid, isPublic);
        if (isPublic) expected.add(jid);
        else expected.delete(jid);
      }
      const listed: string[] = [];
      for (let place = 0; place < list.size; place = list.countUpTo(listed.at(-1) ?? "")) {
        listed.push(...list.slice(place, place + limit));
      }
      assert.deepEqual(listed, [...expected].sort(compareCodePoints));
      for (const known of [...first, ...changes.map(({ jid }) => jid)])
        assert.equal(list.has(known), expected.has(known));
    }),
  );
});
