import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, xml, type Element } from "../../core/index.js";
import {
  administrate,
  configure,
  createRoom,
  enter,
  errorOf,
  NS_MUC,
  received,
  request,
  ROOM,
  startRooms,
  summary,
} from "../support/rooms.js";

const MEMBERS_ONLY = "muc#roomconfig_membersonly";
const MEMBER_INVITES = "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites";

function invite(to: string): Element {
  return xml("message", { to: ROOM, id: "invite" }, xml("x", { xmlns: `${NS_MUC}#user` }, xml("invite", { to })));
}

test("XEP-0045 §7.2.6: only members enter; outcasts are told that they are banned", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [MEMBERS_ONLY]: "1" });
  const [refused] = await enter(ben, "Ben");
  assert.equal(errorOf(refused), "auth/registration-required");
  assert.equal(getChild(refused as Element, "error")?.attrs["by"], ROOM);
  await administrate(ada, { affiliation: "outcast", jid: "ben@example" });
  assert.deepEqual(summary(await enter(ben, "Ben")), ["presence Ben error auth/forbidden"]);
  await administrate(ada, { affiliation: "member", jid: "ben@example" });
  assert.ok(summary(await enter(ben, "Ben")).includes("presence Ben 110"));
});

test("XEP-0045 §10.2.1: when a room becomes members-only, everybody is told who had to go, with status 322", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada");
  await administrate(ada, { affiliation: "member", jid: "cleo@example" });
  await enter(ben, "Ben");
  await enter(cleo, "Cleo");
  await Promise.all([received(ada), received(ben)]);
  const [, ...told] = await configure(ada, { [MEMBERS_ONLY]: "1" });
  assert.deepEqual(summary(told), ["presence Ben unavailable 322", "message room groupchat 104"]);
  assert.deepEqual(summary(await received(cleo)), ["presence Ben unavailable 322", "message room groupchat 104"]);
  assert.deepEqual(summary(await received(ben)), ["presence Ben unavailable 322 110"]);
  ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "hello?")));
  assert.deepEqual(summary(await received(ben)), ["message room error cancel/not-acceptable"]);
});

test("XEP-0045 §7.8.2: an admin's invitation makes a member; a member's only where the owner allows it", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", { [MEMBERS_ONLY]: "1" });
  ada.send(invite("ben@example/test"));
  assert.equal((await ben.receive()).name, "message");
  assert.ok(summary(await enter(ben, "Ben")).includes("presence Ben 110"));
  const list = xml("query", { xmlns: `${NS_MUC}#admin` }, xml("item", { affiliation: "member" }));
  const [members] = await request(ada, "get", list);
  assert.match(String(members), /jid="ben@example"/);
  assert.match(String(members), /Invited by attic@rooms\.example\/Ada/);

  ben.send(invite("cleo@example/test"));
  assert.deepEqual(summary(await received(ben)), ["message room error auth/forbidden"]);
  assert.deepEqual(summary(await enter(cleo, "Cleo")), ["presence Cleo error auth/registration-required"]);
  await configure(ada, { [MEMBER_INVITES]: "1" });
  await received(ben);
  ben.send(invite("cleo@example/test"));
  assert.equal((await cleo.receive()).name, "message");
  assert.ok(summary(await enter(cleo, "Cleo")).includes("presence Cleo 110"));
});

test("who may not invite does not make members by trying", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", { [MEMBERS_ONLY]: "1" });
  ben.send(invite("cleo@example/test"));
  assert.deepEqual(summary(await received(ben)), ["message room error auth/forbidden"]);
  assert.deepEqual(summary(await enter(cleo, "Cleo")), ["presence Cleo error auth/registration-required"]);
});
