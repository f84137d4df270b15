import assert from "node:assert/strict";
import { test } from "node:test";
import { xml, type Element } from "../../core/index.js";
import { codesOf, configure, createRoom, enter, NS_MUC, received, ROOM, startRooms } from "../support/rooms.js";

const WHOIS = "muc#roomconfig_whois";

function invite(to: string): Element {
  return xml("message", { to: ROOM }, xml("x", { xmlns: `${NS_MUC}#user` }, xml("invite", { to })));
}

/** Whether a real JID is anywhere in what was received. */
function names(stanzas: readonly Element[], jid: string): boolean {
  return stanzas
    .filter(({ attrs }) => attrs["from"] !== `${ROOM}/Cleo`)
    .some((stanza) => {
      const { to: _, ...attrs } = stanza.attrs as Record<string, string>;
      return xml("copy", attrs, ...stanza.children)
        .toString()
        .includes(jid);
    });
}

test("XEP-0045 §4.2: real JIDs are for moderators, or for everybody", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada");
  assert.equal(names(await enter(ben, "Ben"), "ada@example"), false);
  assert.ok(names(await received(ada), "ben@example"), "a moderator sees who comes");
  const [, notice] = await configure(ada, { [WHOIS]: "anyone" });
  assert.deepEqual(codesOf(notice), ["172"]);
  const entered = await enter(cleo, "Cleo");
  assert.ok(names(entered, "ada@example") && names(entered, "ben@example"));
  assert.ok(entered.some((stanza) => codesOf(stanza).includes("100")));
  await received(ada);
  assert.deepEqual(codesOf((await configure(ada, { [WHOIS]: "moderators" }))[1]), ["173"]);
  await received(cleo);
  assert.equal(names(await enter(cleo, "Cleo"), "ada@example"), false, "what was seen before is not kept");
});

test("an invitation names the inviter's nick where real JIDs are for moderators, else the real JID", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  ada.send(invite("ben@example/test"));
  const masked = String(await ben.receive());
  assert.match(masked, /<invite from="attic@rooms\.example\/Ada">/);
  assert.doesNotMatch(masked, /ada@example/);
  await configure(ada, { [WHOIS]: "anyone" });
  ada.send(invite("ben@example/test"));
  assert.match(String(await ben.receive()), /<invite from="ada@example\/test">/);
});
