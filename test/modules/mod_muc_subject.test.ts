import assert from "node:assert/strict";
import { test } from "node:test";
import { xml, type Element } from "../../core/index.js";
import { openStorage } from "../../core/storage/open.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { FakeClock } from "../../core/testing/fake-clock.js";
import { configure, createRoom, enter, received, ROOM, startRooms, summary } from "../support/rooms.js";

function setSubject(client: FakeClient, subject: string, ...more: Element[]): Promise<Element[]> {
  client.send(xml("message", { to: ROOM, type: "groupchat", id: "s1" }, xml("subject", {}, subject), ...more));
  return received(client);
}

async function subjectOnEntering(client: FakeClient): Promise<Element | undefined> {
  const stanzas = await enter(client, "Someone");
  client.send(xml("presence", { to: `${ROOM}/Someone`, type: "unavailable" }));
  await received(client);
  return stanzas.at(-1);
}

test("XEP-0045 §7.2.15: the subject is the last that one who enters receives, with who set it and when", async () => {
  const clock = new FakeClock(Date.UTC(2025, 5, 1));
  await using service = await startRooms("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  const never = await subjectOnEntering(ben);
  assert.deepEqual([never?.getChildText("subject"), never?.getChild("delay", "urn:xmpp:delay")], ["", undefined]);
  assert.equal(never?.attrs["from"], ROOM);
  const [told] = await received(ada).then(() => setSubject(ada, "Spring cleaning"));
  assert.deepEqual([told?.attrs["from"], told?.attrs["id"]], [`${ROOM}/Ada`, "s1"]);
  clock.advanceSeconds(3600);
  const set = await subjectOnEntering(ben);
  assert.equal(set?.getChildText("subject"), "Spring cleaning");
  assert.equal(set?.attrs["from"], `${ROOM}/Ada`);
  assert.equal(set?.getChild("delay", "urn:xmpp:delay")?.attrs["stamp"], "2025-06-01T00:00:00Z");
  await received(ada);
  await setSubject(ada, "");
  assert.equal((await subjectOnEntering(ben))?.getChildText("subject"), "");
});

test("XEP-0045 §8.1: moderators set it, participants where the owner allows it", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  assert.deepEqual(summary(await setSubject(ben, "mine")), ["message room error auth/forbidden"]);
  await received(ada);
  await configure(ada, { "muc#roomconfig_changesubject": "1" });
  await received(ben);
  assert.deepEqual(summary(await setSubject(ben, "mine")), ["message Ben groupchat subject"]);
  assert.deepEqual(summary(await setSubject(ben, "mine")), ["message Ben groupchat subject"], "reflected all the same");
});

test("a subject beside a body or a thread is part of a message", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await setSubject(ada, "Greetings", xml("body", {}, "hello"));
  await setSubject(ada, "Thread", xml("thread", {}, "t1"));
  assert.equal((await subjectOnEntering(ben))?.getChildText("subject"), "");
});

test("what a client adds to a change of subject does not reach others", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const [told] = await setSubject(
    ada,
    "Plain",
    xml("x", { xmlns: "http://jabber.org/protocol/muc#user" }, xml("status", { code: "301" })),
  );
  assert.doesNotMatch(String(told), /301/);
});

test("the subject of a persistent room is there after a restart", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const before = await startRooms("", { storage });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  await setSubject(ada, "Kept");
  await before.stop();
  await using after = await startRooms("", { storage });
  const subject = await subjectOnEntering(after.client("ben@example"));
  assert.deepEqual([subject?.getChildText("subject"), subject?.attrs["from"]], ["Kept", `${ROOM}/Ada`]);
});
