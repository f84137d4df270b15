import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import {
  configure,
  configurationForm,
  createRoom,
  discover,
  enter,
  errorOf,
  NS_MUC,
  received,
  ROOM,
  startRooms,
  summary,
} from "../support/rooms.js";

const SECRET = "muc#roomconfig_roomsecret";

function invite(to: string): ReturnType<typeof xml> {
  return xml("message", { to: ROOM }, xml("x", { xmlns: `${NS_MUC}#user` }, xml("invite", { to })));
}

test("XEP-0045 §7.2.5: without the password, or with another, nobody enters", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [SECRET]: "quince" });
  assert.deepEqual(summary(await enter(ben, "Ben")), ["presence Ben error auth/not-authorized"]);
  for (const password of ["quincy", "quince ", "Quince", "", "quincequince"]) {
    assert.deepEqual(summary(await enter(ben, "Ben", { password })), ["presence Ben error auth/not-authorized"]);
  }
  assert.deepEqual(await received(ada), [], "the room hears nothing of it");
  const entered = await enter(ben, "Ben", { password: "quince" });
  assert.deepEqual(summary(entered), ["presence Ada", "presence Ben 110", "message room groupchat subject"]);
});

test("the owner sees the password, sets and removes it, and all others see only that there is one", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  assert.ok((await discover(ben)).features.has("muc_unsecured"));
  const [, notice] = await configure(ada, { [SECRET]: "quince" });
  assert.deepEqual(summary(notice ? [notice] : []), ["message room groupchat 104"]);
  assert.equal((await configurationForm(ada)).get(SECRET)?.getChildText("value"), "quince");
  assert.ok((await discover(ben)).features.has("muc_passwordprotected"));
  const [, ...same] = await configure(ada, { [SECRET]: "quince" });
  assert.deepEqual(summary(same), [], "the same password is no change");
  await configure(ada, { [SECRET]: [] });
  assert.deepEqual(summary((await enter(ben, "Ben")).slice(0, 2)), ["presence Ada", "presence Ben 110"]);
});

test("the password of the presence that creates a room is the room's", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", {}, { password: "quince" });
  assert.deepEqual(summary(await enter(ben, "Ben")), ["presence Ben error auth/not-authorized"]);
  assert.equal((await enter(ben, "Ben", { password: "quince" })).length, 3);
});

test("a change of password keeps those inside where they are, also with another session", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await configure(ada, { [SECRET]: "quince" });
  ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "still here")));
  assert.ok(summary(await received(ada)).includes("message Ben groupchat still here"));
  const second = service.client("ben@example/second");
  assert.deepEqual(summary(await enter(second, "Ben")), ["presence Ben error auth/not-authorized"]);
});

test("XEP-0045 §7.8.2: an occupant's invitation carries the password, an outsider's does not", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", { [SECRET]: "quince" });
  ada.send(invite("ben@example/test"));
  assert.match((await ben.receive()).toString(), /<password>quince<\/password>/);
  cleo.send(invite("ben@example/test"));
  const stanzas = [...(await received(cleo)), ...(await received(ben))];
  assert.doesNotMatch(stanzas.join(""), /quince/);
});

test("no line of the log has the password in it, right or wrong", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [SECRET]: "quince" });
  const [refused] = await enter(ben, "Ben", { password: "medlar" });
  assert.equal(errorOf(refused), "auth/not-authorized");
  await enter(ben, "Ben", { password: "quince" });
  const lines = service.logLines.map(({ message }) => message).filter((line) => /quince|medlar/.test(line));
  assert.deepEqual(lines, []);
});

test("what clients put into the presence does not pass the password on to others", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [SECRET]: "quince" });
  await enter(ben, "Ben", { password: "quince" });
  const [presence] = await received(ada);
  assert.equal(presence?.attrs["from"], `${ROOM}/Ben`);
  assert.doesNotMatch(presence.toString(), /quince/);
});
