/** Nobody gets a message that is archived before it is stored; what cannot be stored nobody gets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { xml, type Element } from "../../../core/index.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import { ask, bodies, startArchives } from "../../support/archives.js";
import { settled } from "../../support/room-engine.js";
import { createRoom, enter, joinPresence, received, ROOM, summary } from "../../support/rooms.js";

const PERSISTENT = { "muc#roomconfig_persistentroom": "1" };
const SYNC = 'archive_durability = "sync"';

function message(text: string, room = ROOM): Element {
  return xml("message", { to: room, type: "groupchat" }, xml("body", {}, text));
}

/** Commits that wait until they are let through, synced or not. */
function slow(disk: FaultyDisk): { arrived: () => Promise<void>; open: () => void; release: () => void } {
  let release = (): void => undefined;
  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  disk.slowCommits(() => {
    arrive();
    return gate;
  });
  return {
    arrived: () => arrived,
    open: release,
    release: () => {
      disk.repair();
      release();
    },
  };
}

test("a message leaves when it is written, and what comes after it behind it; other rooms go on", async () => {
  const disk = new FaultyDisk();
  await using service = await startArchives("", { storage: await disk.open() });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  const other = "other@rooms.example";
  await createRoom(ada, "Ada", PERSISTENT);
  await createRoom(ada, "Ada", {}, { room: other });
  await enter(ben, "Ben");
  await settled(service);
  ada.inbox.takeAll();

  const writing = slow(disk);
  ben.send(message("one"));
  ben.send(message("two"));
  ben.send(xml("presence", { to: `${ROOM}/Ben`, type: "unavailable" }));
  await writing.arrived();
  ada.send(message("elsewhere", other));
  assert.deepEqual(summary(await received(ada, other)), ["message Ada groupchat elsewhere"]);
  assert.equal(ben.inbox.size, 0);
  writing.release();
  await settled(service);
  await settled(service);
  assert.deepEqual(summary(ada.inbox.takeAll()), [
    "message Ben groupchat one",
    "message Ben groupchat two",
    "presence Ben unavailable",
  ]);
});

test("by default no message waits for a sync; it is on disk soon after", async () => {
  const disk = new FaultyDisk();
  const first = await startArchives("", { storage: await disk.open() });
  const ada = first.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await settled(first);
  ada.inbox.takeAll();
  using held = disk.holdSyncedCommits();
  ada.send(message("one"));
  assert.deepEqual(summary([await ada.receive()]), ["message Ada groupchat one"]);
  // The sync that follows by itself: nothing else asks for one.
  await held.arrived();
  held.release();
  await settled(first);
  await disk.cutPower();
  await first.stop();

  await using second = await startArchives("", { storage: await disk.open() });
  const ben = second.client("ben@example");
  assert.deepEqual(bodies(await ask(ben)), ["one"]);
});

test('archive_durability = "sync": a message that was seen survives a power cut', async () => {
  const disk = new FaultyDisk();
  const first = await startArchives(SYNC, { storage: await disk.open() });
  const ada = first.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await settled(first);
  ada.inbox.takeAll();
  using held = disk.holdSyncedCommits();
  ada.send(message("one"));
  await held.arrived();
  assert.equal(ada.inbox.size, 0);
  held.release();
  assert.deepEqual(summary([await ada.receive()]), ["message Ada groupchat one"]);
  await disk.cutPower();
  await first.stop();

  await using second = await startArchives(SYNC, { storage: await disk.open() });
  assert.deepEqual(bodies(await ask(second.client("ben@example"))), ["one"]);
});

test("a message that cannot be written reaches nobody, and its sender is told", async () => {
  const disk = new FaultyDisk();
  await using service = await startArchives(SYNC, { storage: await disk.open() });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", PERSISTENT);
  await enter(ben, "Ben");
  await settled(service);
  ada.inbox.takeAll();

  disk.failSyncedCommits();
  ben.send(message("lost"));
  await settled(service);
  await settled(service);
  assert.deepEqual(summary(ben.inbox.takeAll()), ["message room error cancel/internal-server-error"]);
  assert.equal(ada.inbox.size, 0);
  disk.repair();
  ada.send(message("found"));
  assert.deepEqual(summary([await ben.receive()]), ["message Ada groupchat found"]);
  assert.deepEqual(bodies(await ask(ben)), ["found"]);
  const entered = await enter(service.client("cy@example"), "Cy");
  assert.deepEqual(
    entered.flatMap((stanza) => stanza.getChildText("body") ?? []),
    ["found"],
    "the history does not have it either",
  );
});

for (const isWritten of [true, false]) {
  test(`who enters while a message is being written gets it once, and only if it is: ${isWritten}`, async () => {
    const disk = new FaultyDisk();
    await using service = await startArchives(SYNC, { storage: await disk.open() });
    const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
    await createRoom(ada, "Ada", PERSISTENT);
    ada.send(message("before"));
    await settled(service);
    ada.inbox.takeAll();
    const writing = slow(disk);
    if (!isWritten) disk.failSyncedCommits();
    ada.send(message("one"));
    ben.send(joinPresence("Ben"));
    ben.send(message("hello"));
    await writing.arrived();
    const failing = isWritten ? undefined : disk;
    failing?.slowCommits(() => Promise.resolve());
    if (isWritten) writing.release();
    else writing.open();
    await settled(service);
    await settled(service);
    disk.repair();
    const texts = ben.inbox.takeAll().flatMap((stanza) => stanza.getChildText("body") ?? []);
    assert.deepEqual(texts, isWritten ? ["before", "one", "hello"] : ["before"]);
  });
}

test("a change of subject that cannot be stored is not archived", async () => {
  const disk = new FaultyDisk();
  await using service = await startArchives("", { storage: await disk.open() });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await settled(service);
  ada.inbox.takeAll();
  disk.failSyncedCommits();
  ada.send(xml("message", { to: ROOM, type: "groupchat" }, xml("subject", {}, "topic")));
  await settled(service);
  assert.deepEqual(summary(ada.inbox.takeAll()), ["message room error cancel/internal-server-error"]);
  disk.repair();
  await settled(service);
  assert.deepEqual((await ask(ada)).results, []);
});

test("a temporary room waits for nothing", async () => {
  const disk = new FaultyDisk();
  await using service = await startArchives(SYNC, { storage: await disk.open() });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const writing = slow(disk);
  ada.send(message("one"));
  assert.deepEqual(summary(ada.inbox.takeAll()), ["message Ada groupchat one"]);
  writing.release();
  assert.deepEqual(bodies(await ask(ada)), ["one"]);
});
