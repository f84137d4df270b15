import assert from "node:assert/strict";
import { test } from "node:test";
import { xml, type Element } from "../../core/index.js";
import { createRoom, discover, enter, received, ROOM, startRooms, submission, summary } from "../support/rooms.js";

const NS_REQUEST = "http://jabber.org/protocol/muc#request";
const MODERATED = { "muc#roomconfig_moderatedroom": "1" };

function form(fields: Record<string, string>): Element {
  return xml("message", { to: ROOM }, submission(NS_REQUEST, fields));
}

test("XEP-0045 §7.13, §8.6: a visitor asks for voice, the moderators see who, one of them grants it", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", MODERATED);
  assert.ok((await discover(ben)).features.has(NS_REQUEST));
  await enter(ben, "Ben");
  await received(ada);
  ben.send(form({ "muc#role": "participant" }));
  assert.deepEqual(await received(ben), [], "nobody else sees the form");
  const [asked] = await received(ada);
  assert.match(String(asked), /muc#jid".*<value>ben@example\/test<\/value>/);
  assert.match(String(asked), /muc#roomnick".*<value>Ben<\/value>/);
  ada.send(form({ "muc#jid": "ben@example/test", "muc#roomnick": "Ben", "muc#request_allow": "0" }));
  await received(ada);
  assert.deepEqual(await received(ben), [], "not granted");
  ada.send(form({ "muc#jid": "ben@example/test", "muc#roomnick": "Ben", "muc#request_allow": "1" }));
  await received(ada);
  const [granted] = await received(ben);
  assert.match(String(granted), /role="participant"/);
  assert.match(String(granted), /Voice granted/);
  ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "thank you")));
  assert.deepEqual(summary(await received(ben)), ["message Ben groupchat thank you"]);
});

test("a request of somebody with voice, and an answer of somebody who is no moderator, do nothing", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await received(ada);
  ben.send(form({ "muc#role": "participant" }));
  await received(ben);
  assert.deepEqual(await received(ada), []);
  await createRoom(cleo, "Cleo", MODERATED, { room: "cellar@rooms.example" });
  await enter(ben, "Ben", { room: "cellar@rooms.example" });
  await received(cleo);
  ben.send(
    xml(
      "message",
      { to: "cellar@rooms.example" },
      submission(NS_REQUEST, { "muc#roomnick": "Ben", "muc#request_allow": "1" }),
    ),
  );
  await received(ben, "cellar@rooms.example");
  const seen = await received(cleo, "cellar@rooms.example");
  assert.doesNotMatch(seen.join(""), /role="participant"/);
});
