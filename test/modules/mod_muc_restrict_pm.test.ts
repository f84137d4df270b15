import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import {
  administrate,
  configurationForm,
  configure,
  createRoom,
  enter,
  errorOf,
  errorText,
  received,
  ROOM,
  startRooms,
} from "../support/rooms.js";

const ALLOW_PM = "muc#roomconfig_allowpm";
const ALLOW_MODPM = "{xmpp:prosody.im}muc#allow_modpm";

/** Error of a private message, `undefined` when it arrived. */
async function whisper(from: FakeClient, nick: string, to: FakeClient): Promise<string | undefined> {
  from.send(xml("message", { to: `${ROOM}/${nick}`, type: "chat" }, xml("body", {}, "psst")));
  const [answer] = (await received(from)).filter(({ attrs }) => attrs["type"] === "error");
  const arrived = (await received(to)).some((stanza) => stanza.getChildText("body") === "psst");
  assert.equal(arrived, answer === undefined, "it arrives or is refused, not both");
  return answer && `${String(errorOf(answer))}: ${String(errorText(answer))}`;
}

test("XEP-0045 §7.5: who may send private messages, by the owner's choice", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo, dora] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
    service.client("dora@example"),
  ];
  // Ada: owner and moderator; Ben: member; Cleo: participant; Dora: visitor.
  await createRoom(ada, "Ada", { "muc#roomconfig_moderatedroom": "1" });
  await administrate(ada, { affiliation: "member", jid: "ben@example" });
  await enter(ben, "Ben");
  await enter(cleo, "Cleo");
  await enter(dora, "Dora");
  await administrate(ada, { role: "participant", nick: "Cleo" });
  const refused = (by: string): string => `cancel/policy-violation: Private messages are restricted ${by}`;
  const table: [allowed: string, ben: string | undefined, cleo: string | undefined, dora: string | undefined][] = [
    ["visitor", undefined, undefined, undefined],
    ["participant", undefined, undefined, refused("from guests")],
    ["moderator", refused("from non-moderators"), refused("from non-moderators"), refused("from non-moderators")],
    ["affiliated", undefined, refused("from non-members"), refused("from non-members")],
    ["none", refused("in this group"), refused("in this group"), refused("in this group")],
  ];
  for (const [allowed, ...expected] of table) {
    await configure(ada, { [ALLOW_PM]: allowed, [ALLOW_MODPM]: "0" });
    const results = [
      await whisper(ben, "Cleo", cleo),
      await whisper(cleo, "Ben", ben),
      await whisper(dora, "Ben", ben),
    ];
    assert.deepEqual(results, expected, allowed);
    await configure(ada, { [ALLOW_MODPM]: "1" });
    assert.equal(await whisper(dora, "Ada", ada), undefined, `${allowed}, to a moderator`);
    assert.equal(await whisper(ada, "Dora", dora), undefined, `${allowed}, from a moderator`);
  }
});

test("one may always send to oneself", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [ALLOW_PM]: "none" });
  await enter(ben, "Ben");
  ben.send(xml("message", { to: `${ROOM}/Ben`, type: "chat" }, xml("body", {}, "note")));
  const [own] = await received(ben);
  assert.equal(own?.getChildText("body"), "note");
});

test("the specification's words are taken, and shown as Prosody's", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  for (const [word, shown] of [
    ["participants", "participant"],
    ["moderators", "moderator"],
    ["none", "none"],
    ["anyone", "visitor"],
  ] as const) {
    await configure(ada, { [ALLOW_PM]: word });
    assert.equal((await configurationForm(ada)).get(ALLOW_PM)?.getChildText("value"), shown);
  }
});
