import assert from "node:assert/strict";
import { test } from "node:test";
import { StanzaError, xml } from "../../core/index.js";
import { openStorage } from "../../core/storage/open.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { FakeClock } from "../../core/testing/fake-clock.js";
import type { TestService } from "../../core/testing/service.js";
import {
  configurationForm,
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  hook,
  received,
  ROOM,
  startRooms,
} from "../support/rooms.js";

const FIELD = "muc#roomconfig_slow_mode_duration";
const TOO_SOON = "wait/policy-violation";

function start(options = "", more: Parameters<typeof startRooms>[1] = {}): Promise<TestService> {
  return startRooms(`modules_enabled = { "muc_slow_mode" }; ${options}`, more);
}

/** What the room answers to a message: an error, or nothing but the message. */
async function say(client: FakeClient): Promise<string | undefined> {
  client.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "hello")));
  return errorOf((await received(client)).at(-1));
}

test("XEP-0500 §6: a user speaks again when the time has passed, counted from the last message that was sent", async () => {
  const clock = new FakeClock();
  await using service = await start("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [FIELD]: "20" });
  await enter(ben, "Ben");
  assert.equal(await say(ben), undefined);
  clock.advanceSeconds(19);
  ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "hello")));
  const [refusal] = await received(ben);
  assert.equal(errorOf(refusal), TOO_SOON);
  assert.equal(errorText(refusal), "Slow mode: there are 20 seconds between two messages. 1 to go.");
  clock.advanceSeconds(1);
  assert.equal(await say(ben), undefined, "the refused one did not count");
  assert.equal(await say(ben), TOO_SOON);
});

test("leaving and coming again is no way around it", async () => {
  const clock = new FakeClock();
  await using service = await start("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [FIELD]: "20" });
  await enter(ben, "Ben");
  assert.equal(await say(ben), undefined);
  ben.send(xml("presence", { to: ROOM, type: "unavailable" }));
  await received(ben);
  await enter(ben, "Benedict");
  assert.equal(await say(ben), TOO_SOON);
  clock.advanceSeconds(20);
  assert.equal(await say(ben), undefined);
});

test("what another module refuses, and what could not be kept, is not counted", async () => {
  await using service = await start("", { clock: new FakeClock() });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [FIELD]: "20" });
  await enter(ben, "Ben");
  const refusals = [new StanzaError({ type: "cancel", condition: "conflict" })];
  hook(service, "muc-occupant-groupchat", () => refusals.pop(), -999);
  const lost = [true];
  hook(service, "muc-broadcast-message", ({ holdUntil }) => {
    if (lost.pop()) holdUntil(Promise.reject(new Error("no space left on device")));
    return undefined;
  });
  assert.equal(await say(ben), "cancel/conflict");
  assert.equal(await say(ben), "cancel/internal-server-error");
  assert.equal(await say(ben), undefined);
  assert.equal(await say(ben), TOO_SOON);
});

test("the room's duration is stored; the service's holds where the owner chose none", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const before = await start("muc_slow_mode_duration = 5", { storage });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  assert.equal((await discover(ada)).form.get("muc#roominfo_slow_mode_duration"), "5");
  await configure(ada, { [FIELD]: "0" });
  await before.stop();
  await using after = await start("muc_slow_mode_duration = 5", { storage });
  const again = after.client("ada@example");
  assert.equal((await discover(again)).form.get("muc#roominfo_slow_mode_duration"), "0");
});

test("a restart is no way around it, and a reload neither", async () => {
  const clock = new FakeClock();
  const storage = await openStorage({ driver: "memory" }, () => clock.now());
  const before = await start("", { storage, clock });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", { [FIELD]: "600", "muc#roomconfig_persistentroom": "1" });
  const ben = before.client("ben@example");
  await enter(ben, "Ben");
  assert.equal(await say(ben), undefined);
  await before.service.modules.reload("rooms.example", "muc_slow_mode");
  assert.equal(await say(ben), TOO_SOON);
  await before.stop();
  clock.advanceSeconds(300);
  await using after = await start("", { storage, clock });
  const again = after.client("ben@example");
  await enter(again, "Ben");
  assert.equal(await say(again), TOO_SOON);
  clock.advanceSeconds(300);
  assert.equal(await say(again), undefined);
});

test("values that are no duration refuse the whole form", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  for (const bad of ["", "soon", "-1", "1.5", "604801", "9".repeat(30)]) {
    const [answer] = await configure(ada, { [FIELD]: bad, "muc#roomconfig_roomname": "Changed" });
    assert.equal(errorOf(answer), "modify/not-acceptable", bad);
    assert.match(errorText(answer) ?? "", /slow_mode_duration/, bad);
  }
  assert.doesNotMatch(String((await configurationForm(ada)).get("muc#roomconfig_roomname")), /Changed/);
  assert.match(String((await configurationForm(ada)).get(FIELD)), /<range min="0" max="604800"\/>/);
});
