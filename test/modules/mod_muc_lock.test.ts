import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/testing/fake-clock.js";
import { configure, enter, received, startRooms, summary } from "../support/rooms.js";

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

test("XEP-0045 §10.1.3, muc_room_lock_timeout: a room that nobody configures is destroyed after a while", async () => {
  const clock = new FakeClock();
  await using service = await startRooms("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await enter(ada, "Ada");
  clock.advanceSeconds(299);
  assert.deepEqual(summary(await enter(ben, "Ben")), REFUSED);
  clock.advanceSeconds(1);
  assert.deepEqual(summary(await received(ada, "example")), ["presence Ada unavailable 110"]);
  assert.equal(summary(await enter(ben, "Ben"))[0], "presence Ben 201 110", "the name is free");
});

test("a room that was configured in time stays", async () => {
  const clock = new FakeClock();
  await using service = await startRooms("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await enter(ada, "Ada");
  await configure(ada);
  clock.advanceSeconds(1000);
  assert.deepEqual(summary(await enter(ben, "Ben")), LET_IN);
});

test("a lock lasts over a reload of the module, and ends then", async () => {
  const clock = new FakeClock();
  await using service = await startRooms("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await enter(ada, "Ada");
  await service.service.modules.reload("rooms.example", "muc_lock");
  assert.deepEqual(summary(await enter(ben, "Ben")), REFUSED);
  clock.advanceSeconds(300);
  assert.deepEqual(summary(await received(ada, "example")), ["presence Ada unavailable 110"]);
});

for (const option of ["muc_room_locking = false", "muc_room_lock_timeout = 0"]) {
  test(`${option}: rooms are open at once`, async () => {
    await using service = await startRooms(option);
    const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
    await enter(ada, "Ada");
    assert.deepEqual(summary(await enter(ben, "Ben")), LET_IN);
  });
}
