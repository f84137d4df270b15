/** The list of public rooms, a page at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BareJid } from "../../../core/xmpp/jid.js";
import { PublicRooms } from "../../../modules/mod_muc/public-rooms.js";

const change = fc.record({
  jid: fc.constantFrom(..."abcdefgh"),
  name: fc.option(fc.constantFrom("", "One", "Two"), { nil: undefined }),
  isTakenBack: fc.boolean(),
});

test("pages of any size are the whole list, in order of JID, after any changes", () => {
  fc.assert(
    fc.property(fc.array(change), fc.integer({ min: 1, max: 5 }), (changes, limit) => {
      const rooms = new PublicRooms();
      const expected = new Map<string, string>();
      for (const { jid, name, isTakenBack } of changes) {
        const undo: (() => void)[] = [];
        rooms.set(jid as BareJid, name === undefined ? undefined : name === "" ? {} : { name }, {
          onRollback: (fn) => undo.push(fn),
        });
        assert.ok([...rooms.page({ limit: 1 })].length <= 1);
        if (isTakenBack) for (const fn of undo) fn();
        else if (name === undefined) expected.delete(jid);
        else expected.set(jid, name);
      }
      const listed: (readonly [string, string | undefined])[] = [];
      for (let after: string | undefined; ;) {
        const page = [...rooms.page({ ...(after !== undefined && { after }), limit })];
        assert.ok(page.length <= limit);
        if (page.length === 0) break;
        listed.push(...page);
        after = page.at(-1)?.[0];
      }
      assert.deepEqual(
        listed,
        [...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([jid, name]) => [jid, name || undefined]),
      );
      assert.equal(rooms.size, expected.size);
    }),
  );
});
