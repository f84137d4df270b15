import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BareJid } from "chorus-muc";
import { Roster } from "../../../modules/mod_roster/roster.js";

const paris = "paris@example.net" as BareJid;

test("a subscription is asked for, granted and ended (RFC 6121 appendix A)", () => {
  const roster = new Roster();
  assert.equal(roster.subscriptionGranted(paris), false, "not asked for");
  assert.equal(roster.requestSubscription(paris), true);
  assert.deepEqual(roster.get(paris), { subscription: "none", ask: "subscribe", groups: {} });
  assert.equal(roster.requestSubscription(paris), false, "asked for already");
  assert.equal(roster.subscriptionGranted(paris), true);
  assert.deepEqual(roster.get(paris), { subscription: "to", groups: {} });
  assert.equal(roster.grant(paris), false, "the contact did not ask");
  assert.equal(roster.notePending(paris), true);
  assert.equal(roster.notePending(paris), false, "asked before");
  assert.equal(roster.grant(paris), true);
  assert.equal(roster.get(paris)?.subscription, "both");
  assert.equal(roster.endSending(paris), "subscribed");
  assert.equal(roster.get(paris)?.subscription, "to");
  assert.equal(roster.endReceiving(paris), true);
  assert.equal(roster.get(paris)?.subscription, "none");
  assert.equal(roster.endReceiving(paris), false);
});

test("a contact's name and groups change without its subscription, and its version goes up", () => {
  const roster = new Roster();
  roster.requestSubscription(paris);
  roster.subscriptionGranted(paris);
  const before = Number(roster.version);
  roster.put(paris, "P", ["Troy"]);
  assert.deepEqual(roster.get(paris), { subscription: "to", name: "P", groups: { Troy: true } });
  assert.ok(Number(roster.version) > before);
});

test("after any run of changes, what is stored gives the same roster", () => {
  const change = fc.constantFrom(
    (roster: Roster, jid: BareJid) => roster.requestSubscription(jid),
    (roster: Roster, jid: BareJid) => roster.subscriptionGranted(jid),
    (roster: Roster, jid: BareJid) => roster.endReceiving(jid),
    (roster: Roster, jid: BareJid) => roster.notePending(jid),
    (roster: Roster, jid: BareJid) => roster.grant(jid),
    (roster: Roster, jid: BareJid) => roster.endSending(jid),
    (roster: Roster, jid: BareJid) => roster.remove(jid),
    (roster: Roster, jid: BareJid) => roster.put(jid, "name", ["group"]),
  );
  const jid = fc.constantFrom("a@example.org" as BareJid, "__proto__@example.org" as BareJid);
  fc.assert(
    fc.property(fc.array(fc.tuple(change, jid)), (changes) => {
      const roster = new Roster();
      for (const [apply, contact] of changes) apply(roster, contact);
      const stored = JSON.parse(JSON.stringify(roster.toData())) as ReturnType<Roster["toData"]>;
      assert.deepEqual(new Roster(stored).toData(), roster.toData());
      for (const [contact, item] of roster.items()) {
        assert.equal(roster.sendsPresenceTo(contact), ["from", "both"].includes(item.subscription));
        assert.ok(!item.ask || !roster.receivesPresenceFrom(contact), "nobody waits for what is there");
      }
    }),
  );
});
