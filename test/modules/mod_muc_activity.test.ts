import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStanza } from "../../core/index.js";
import { FakeClock } from "../../core/testing/fake-clock.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import type { TestService } from "../../core/testing/service.js";
import { openStorage } from "../../core/storage/open.js";
import { configure, createRoom, discover, enter, hook, received, request, ROOM, startRooms } from "../support/rooms.js";

const FIELD = "{urn:xmpp:muc-activity}message-activity";
const OPEN = { "muc#roomconfig_persistentroom": "1", "muc#roomconfig_publicroom": "1" };
const HOUR = 3600;

function start(more: Parameters<typeof startRooms>[1]): Promise<TestService> {
  return startRooms('modules_enabled = { "muc_activity" }', more);
}

async function activity(client: FakeClient): Promise<string | undefined> {
  return (await discover(client)).form.get(FIELD);
}

async function say(client: FakeClient, times: number, content = "<body>hello</body>"): Promise<void> {
  for (let i = 0; i < times; i++) {
    client.send(`<message to="${ROOM}" type="groupchat">${content}</message>`);
  }
  await received(client);
}

test("XEP-0502 §3.1: the average of whole hours, once there is one, of those that were counted", async () => {
  const clock = new FakeClock();
  await using service = await start({ clock });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", OPEN);
  await say(ada, 6);
  assert.equal(await activity(ada), undefined, "no placeholder");
  clock.advanceSeconds(HOUR);
  assert.equal(await activity(ada), "6.00");
  await say(ada, 3);
  assert.equal(await activity(ada), "6.00", "the present hour is not over");
  clock.advanceSeconds(HOUR);
  assert.equal(await activity(ada), "4.50");
  clock.advanceSeconds(22 * HOUR);
  assert.equal(await activity(ada), "0.38");
  clock.advanceSeconds(HOUR);
  assert.equal(await activity(ada), "0.13", "of the last 24 hours");
  clock.advanceSeconds(HOUR);
  assert.equal(await activity(ada), "0.00");
});

test("XEP-0502 §4: what is no message of its own is not counted", async () => {
  const clock = new FakeClock();
  await using service = await start({ clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", OPEN);
  await enter(ben, "Ben");
  await say(ada, 1, '<composing xmlns="http://jabber.org/protocol/chatstates"/>');
  await say(ada, 1, "<subject>Tea</subject>");
  await service.storage.idle();
  await say(ada, 1, '<body>correct</body><replace xmlns="urn:xmpp:message-correct:0" id="m1"/>');
  ada.send(parseStanza(`<message to="${ROOM}/Ben" type="chat"><body>psst</body></message>`));
  const lost = [true];
  hook(service, "muc-broadcast-message", ({ holdUntil }) => {
    if (lost.pop()) holdUntil(Promise.reject(new Error("no space left on device")));
    return undefined;
  });
  await say(ada, 1);
  const stopped: (true | undefined)[] = [true];
  hook(service, "muc-broadcast-message", () => stopped.pop());
  await say(ada, 1);
  clock.advanceSeconds(HOUR);
  assert.equal(await activity(ada), "0.00");
});

test("XEP-0502 §8: nothing of rooms that not anybody finds and enters", async () => {
  const clock = new FakeClock();
  await using service = await start({ clock });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", OPEN);
  clock.advanceSeconds(HOUR);
  const closed: Record<string, readonly [closed: string, open: string]> = {
    "muc#roomconfig_persistentroom": ["0", "1"],
    "muc#roomconfig_publicroom": ["0", "1"],
    "muc#roomconfig_membersonly": ["1", "0"],
    "muc#roomconfig_roomsecret": ["quince", ""],
  };
  for (const [field, [close, open]] of Object.entries(closed)) {
    await configure(ada, { [field]: close });
    assert.equal(await activity(ada), undefined, field);
    await configure(ada, { [field]: open });
    assert.equal(await activity(ada), "0.00", field);
  }
});

test("a restart keeps the numbers; a room that is created again starts anew", async () => {
  const clock = new FakeClock();
  const storage = await openStorage({ driver: "memory" }, () => clock.now());
  const before = await start({ clock, storage });
  await createRoom(before.client("ada@example"), "Ada", OPEN);
  await say(before.client("ada@example/2"), 1);
  const speaker = before.client("ada@example/3");
  await enter(speaker, "Ada");
  await say(speaker, 6);
  clock.advanceSeconds(HOUR);
  await before.stop();
  await using after = await start({ clock, storage });
  const ada = after.client("ada@example");
  assert.equal(await activity(ada), "6.00");
  await request(ada, "set", parseStanza(`<query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query>`));
  await storage.idle();
  const stored = storage.openStore("rooms.example", "muc_activity");
  assert.equal(await stored.get("attic"), undefined);
});

test("a room that is made anew says nothing of what a crash has left of the one before", async () => {
  const clock = new FakeClock();
  const storage = await openStorage({ driver: "memory" }, () => clock.now());
  const hour = Math.floor(clock.now() / (HOUR * 1000));
  const counts = { hour, since: hour - 5, messages: Array<number>(25).fill(7) };
  await storage.openStore("rooms.example", "muc_activity").set("attic", counts);
  await using service = await start({ clock, storage });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", OPEN);
  assert.equal(await activity(ada), undefined);
});
