import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { joinRoom, type Muc, type Room } from "chorus-muc/muc";
import { FakeClock, FaultyDisk, startService, type FakeClient, type TestService } from "chorus-muc/testing";
import type { RoomStats } from "./room-stats.js";

const HOST = "conference.localhost";
const ROOM = `lounge@${HOST}`;
/** The examples as they are written; this file is compiled to `dist/examples/mod_muc_room_stats`. */
const EXAMPLES = join(import.meta.dirname, "../../../examples");

function start(options: Partial<Parameters<typeof startService>[0]> = {}): Promise<TestService> {
  return startService({
    config: `VirtualHost "localhost"
      Component "${HOST}" "muc"
      muc_room_locking = false
      muc_room_default_persistent = true
      modules_enabled = { "muc_room_stats" }`,
    pluginPaths: [EXAMPLES],
    listen: false,
    ...options,
  });
}

async function inside(service: TestService, user: string): Promise<FakeClient> {
  const client = service.client(`${user}@localhost`);
  await joinRoom(client, ROOM, user);
  await client.see('<message type="groupchat"><subject/></message>');
  return client;
}

async function say(client: FakeClient, text: string): Promise<void> {
  client.send(`<message type="groupchat" to="${ROOM}"><body>${text}</body></message>`);
  await client.see(`<message type="groupchat"><body>${text}</body></message>`);
}

async function leave(client: FakeClient): Promise<void> {
  client.send(`<presence type="unavailable" to="${ROOM}"/>`);
  await client.see('<presence type="unavailable"/>');
}

function statsOf({ service }: TestService): RoomStats {
  return service.modules.exportsOf(HOST, "muc_room_stats") as RoomStats;
}

async function roomOf({ service }: TestService): Promise<Room> {
  const room = await (service.modules.exportsOf(HOST, "muc") as Muc).getRoomFromJid(ROOM);
  assert.ok(room);
  return room;
}

test("messages, joins, the most occupants at once and who talks most are counted", async () => {
  await using service = await start({ clock: new FakeClock(Date.UTC(2025, 5, 1)) });
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  for (const text of ["one", "two", "three"]) await say(ada, text);
  await say(ben, "four");
  ben.send(
    `<message type="groupchat" to="${ROOM}"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`,
  );
  await leave(ben);
  assert.deepEqual(statsOf(service).figures(await roomOf(service)), {
    since: Date.UTC(2025, 5, 1) / 1000,
    messages: 4,
    joins: 2,
    peak: 2,
    talkers: [
      { nick: "ada", messages: 3 },
      { nick: "ben", messages: 1 },
    ],
  });
});

test("the figures are begun anew with who is there", async () => {
  const clock = new FakeClock(0);
  await using service = await start({ clock });
  const ada = await inside(service, "ada");
  await say(ada, "one");
  clock.advanceSeconds(60);
  const room = await roomOf(service);
  assert.equal(statsOf(service).startAnew(room).messages, 1);
  assert.deepEqual(statsOf(service).figures(room), { since: 60, messages: 0, joins: 0, peak: 1, talkers: [] });
});

test("a reload and a restart keep them", async () => {
  const storage = await new FaultyDisk().open();
  const first = await start({ storage });
  const ada = await inside(first, "ada");
  await say(ada, "one");
  await first.service.modules.reload(HOST, "muc_room_stats");
  await say(ada, "two");
  await first.stop();
  await using second = await start({ storage });
  assert.equal(statsOf(second).figures(await roomOf(second)).messages, 2);
  await storage.close();
});

test("a message costs no write: they are stored now and then, and when the module goes", async () => {
  const clock = new FakeClock();
  await using service = await start({ clock });
  const ada = await inside(service, "ada");
  await say(ada, "one");
  const room = await roomOf(service);
  const stored = (): unknown => (room._data["room_stats"] as { messages: number } | undefined)?.messages;
  assert.equal(stored(), undefined);
  clock.advanceSeconds(300);
  assert.equal(stored(), 1);
  await say(ada, "two");
  await service.service.modules.unload(HOST, "muc_room_stats");
  assert.equal(stored(), 2);
});
