/** Each standard module of rooms is a module: it can be left out, reloaded, and its conditions hold for parked joins. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import {
  configure,
  createRoom,
  discover,
  enter,
  hook,
  joinPresence,
  received,
  ROOM,
  startRooms,
  summary,
} from "../support/rooms.js";

const FEATURES = [
  "muc_name",
  "muc_description",
  "muc_language",
  "muc_hidden",
  "muc_password",
  "muc_members_only",
  "muc_moderated",
  "muc_request",
  "muc_persistent",
  "muc_subject",
  "muc_history",
  "muc_register",
  "muc_restrict_pm",
  "muc_whois",
  "muc_presence_broadcast",
  "muc_occupant_id",
  "muc_hats",
  "muc_lock",
  "muc_vcard",
  "muc_unique",
  "muc_adhoc",
];

test("without any one of the standard modules there are still rooms", async () => {
  for (const name of FEATURES) {
    await using service = await startRooms(`modules_disabled = { "${name}" }`);
    const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
    await createRoom(ada, "Ada", { "muc#roomconfig_membersonly": "0" });
    assert.ok(summary(await enter(ben, "Ben")).includes("presence Ben 110"), name);
    ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "hello")));
    ben.send(xml("message", { to: `${ROOM}/Ada`, type: "chat" }, xml("body", {}, "psst")));
    await received(ben);
    const heard = summary(await received(ada));
    assert.ok(heard.includes("message Ben groupchat hello") && heard.includes("message Ben chat psst"), name);
    assert.ok((await discover(ben)).features.size > 10, name);
    const errors = service.logLines.filter(({ level }) => level === "error");
    assert.deepEqual(errors, [], name);
  }
});

test("without all of them, too", async () => {
  const names = FEATURES.map((name) => `"${name}"`).join(", ");
  await using service = await startRooms(`modules_disabled = { ${names} }`);
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  assert.deepEqual(summary(await enter(ben, "Ben")), ["presence Ada", "presence Ben 110"]);
});

test("reloaded while people are inside, each keeps what it knows of the room", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", { "muc#roomconfig_roomsecret": "quince", "muc#roomconfig_roomname": "The attic" });
  await enter(ben, "Ben", { password: "quince" });
  ada.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "before")));
  ada.send(xml("message", { to: ROOM, type: "groupchat" }, xml("subject", {}, "Spring")));
  await received(ada);
  for (const name of FEATURES) await service.service.modules.reload("rooms.example", name);
  await received(ben);
  assert.deepEqual(summary(await enter(cleo, "Cleo")), ["presence Cleo error auth/not-authorized"]);
  assert.deepEqual(summary(await enter(cleo, "Cleo", { password: "quince" })), [
    "presence Ada",
    "presence Ben",
    "presence Cleo 110",
    "message Ada groupchat before",
    "message Ada groupchat subject",
  ]);
  assert.deepEqual(summary(await received(ben)), ["presence Cleo"], "nobody left");
  assert.equal((await discover(ben)).form.get("muc#roomconfig_roomname"), "The attic");
});

for (const [what, change, refusal] of [
  ["a password was set", { "muc#roomconfig_roomsecret": "quince" }, "auth/not-authorized"],
  ["the room became members-only", { "muc#roomconfig_membersonly": "1" }, "auth/registration-required"],
] as const) {
  test(`a join that was parked is refused when meanwhile ${what}`, async () => {
    await using service = await startRooms();
    const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
    await createRoom(ada, "Ada");
    let open: ((value: undefined) => void) | undefined;
    hook(service, "muc-occupant-pre-join", () => new Promise<undefined>((resolve) => (open = resolve)), -100);
    ben.send(joinPresence("Ben"));
    await configure(ada, change);
    open?.(undefined);
    assert.equal(summary([await ben.receive()])[0], `presence Ben error ${refusal}`);
  });
}
