import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/testing/fake-clock.js";
import { configure, enter, startRooms, summary } from "../support/rooms.js";

const REFUSED = ["presence Ben error cancel/item-not-found"];
const LET_IN = ["presence Ada", "presence Ben 110", "message room groupchat subject"];

test("XEP-0045 §10.1.1: until the creator has configured the room, nobody else is let in", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await enter(ada, "Ada");
  assert.deepEqual(summary(await enter(ben, "Ben")), REFUSED);
  const second = service.client("ada@example/second");
  assert.ok(summary(await enter(second, "Ada")).includes("presence Ada 110"), "the owner is");
  await configure(ada);
  assert.equal(summary(await enter(ben, "Ben")).at(-1), LET_IN.at(-1));
});

test("muc_room_lock_timeout: a room that nobody configures opens after a while", async () => {
  const clock = new FakeClock();
  await using service = await startRooms("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await enter(ada, "Ada");
  clock.advanceSeconds(299);
  assert.deepEqual(summary(await enter(ben, "Ben")), REFUSED);
  clock.advanceSeconds(1);
  assert.deepEqual(summary(await enter(ben, "Ben")), LET_IN);
});

test("muc_room_locking = false: rooms are open at once", async () => {
  await using service = await startRooms("muc_room_locking = false");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await enter(ada, "Ada");
  assert.deepEqual(summary(await enter(ben, "Ben")), LET_IN);
});
