/** What somebody takes back is gone: from the archive, from the history, over restarts; or it is not, and all is told. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { getChild, serialise, xml, type Element } from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { RecordArchiveStore } from "../../../core/storage/archive-store.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import type { TestService } from "../../../core/testing/service.js";
import { ask, idOf, placeOf, say } from "../../support/archives.js";
import { settled } from "../../support/room-engine.js";
import {
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  hook,
  received,
  ROOM,
  startRooms,
  summary,
} from "../../support/rooms.js";

const NS_RETRACT = "urn:xmpp:message-retract:1";
const PERSISTENT = { "muc#roomconfig_persistentroom": "1" };

type Options = Parameters<typeof startRooms>[1];

function start(options: Options = {}, lines = ""): Promise<TestService> {
  return startRooms(`modules_enabled = { "muc_mam", "muc_retraction" }; ${lines}`, options);
}

function startWithoutArchive(options: Options = {}): Promise<TestService> {
  return startRooms('modules_enabled = { "muc_retraction" }', options);
}

function retraction(id: string | undefined, ...more: Element[]): Element {
  return xml("message", { to: ROOM, type: "groupchat", id: "r1" }, xml("retract", { xmlns: NS_RETRACT, id }), ...more);
}

/** Takes a message back. @returns what came of it */
async function retract(client: FakeClient, id: string | undefined, ...more: Element[]): Promise<Element> {
  await received(client);
  client.send(retraction(id, ...more));
  return client.receive();
}

/** What somebody who enters is shown of the past: texts, or what there is in their place. */
async function pastOf(service: TestService, name: string): Promise<string[]> {
  const stanzas = await enter(service.client(`${name}@example`), name);
  return stanzas.filter(({ name: tag }) => tag === "message").flatMap((stanza) => contentOf(stanza) ?? []);
}

function contentOf(stanza: Element): string | undefined {
  if (getChild(stanza, "retracted", NS_RETRACT)) return "gone";
  if (getChild(stanza, "retract", NS_RETRACT)) return "retraction";
  return stanza.getChildText("body") ?? undefined;
}

async function archived(client: FakeClient): Promise<string[]> {
  return (await ask(client)).results.flatMap(({ stanza }) => contentOf(stanza) ?? []);
}

test("XEP-0424 §5: the message becomes a tombstone, in archive and history, and the retraction is kept", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  const [id] = await say(ada, "secret", "rest");
  const told = await retract(ada, id);
  assert.equal(getChild(told, "retract", NS_RETRACT)?.attrs["id"], id);
  assert.ok(idOf(told), "it is archived itself, though it has no body");
  const { results, count } = await ask(ada);
  assert.equal(count, "3");
  const [tombstone] = results;
  assert.ok(tombstone);
  assert.equal(tombstone.id, id);
  const retracted = getChild(tombstone.stanza, "retracted", NS_RETRACT);
  assert.equal(retracted?.attrs["id"], "r1");
  assert.match(String(retracted?.attrs["stamp"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual([tombstone.stanza.attrs["from"], tombstone.body], [`${ROOM}/Ada`, undefined]);
  assert.ok(getChild(tombstone.stanza, "occupant-id", "urn:xmpp:occupant-id:0"));
  const entered = await enter(service.client("ben@example"), "Ben");
  assert.doesNotMatch(entered.map(serialise).join(""), /secret/);
  const old = entered.find((stanza) => idOf(stanza) === id);
  assert.ok(old && getChild(old, "delay", "urn:xmpp:delay") && contentOf(old) === "gone");
  assert.deepEqual(await pastOf(service, "cy"), ["gone", "rest", "retraction"]);
  const { features } = await discover(ada);
  assert.ok(features.has(NS_RETRACT) && features.has(`${NS_RETRACT}#tombstone`));
});

test("somebody else's message stays, under the same nick too; one's own goes, under another nick and session too", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  const [first, second] = await say(ben, "one", "two");
  assert.equal(errorOf(await retract(ada, first)), "auth/forbidden", "not even the owner's");
  ben.send(xml("presence", { to: `${ROOM}/Benedict` }));
  await received(ben);
  const cy = service.client("cy@example");
  await enter(cy, "Ben");
  assert.equal(errorOf(await retract(cy, first)), "auth/forbidden", "the nick is somebody else's now");
  await retract(ben, first);
  ben.send(xml("presence", { to: `${ROOM}/Benedict`, type: "unavailable" }));
  const again = service.client("ben@example/again");
  await enter(again, "Somebody");
  await retract(again, second);
  assert.deepEqual(await archived(ada), ["gone", "gone", "retraction", "retraction"]);
});

test("XEP-0308: what has been put in place of a message goes with it, and nothing else", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await received(ada);
  const put = (client: FakeClient, text: string, id: string, replaces?: string): void => {
    const replace = xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: replaces });
    const content = [xml("body", {}, text), ...(replaces === undefined ? [] : [replace])];
    client.send(xml("message", { to: ROOM, type: "groupchat", id }, ...content));
  };
  put(ben, "secert", "m1");
  put(ben, "secret", "m2", "m1");
  put(ada, "not hers", "m3", "m1");
  put(ben, "other", "m4");
  put(ben, "another", "m5", "m4");
  const heard = await received(ben);
  await received(ada);
  await retract(ben, heard[0] && idOf(heard[0]));
  assert.deepEqual((await received(ada)).map(contentOf), ["retraction"], "told once");
  assert.deepEqual(await archived(ada), ["gone", "gone", "not hers", "other", "another", "retraction"]);
  assert.deepEqual(await pastOf(service, "cy"), ["gone", "gone", "not hers", "other", "another", "retraction"]);
});

test("what cannot be retracted is told, and nobody else is", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  const [id] = await say(ben, "one");
  await received(ada);
  assert.equal(errorOf(await retract(ben, "unknown")), "cancel/item-not-found");
  assert.equal(errorOf(await retract(ben, undefined)), "modify/bad-request");
  assert.equal(errorOf(await retract(ben, "")), "modify/bad-request");
  const another = xml("retract", { xmlns: NS_RETRACT, id });
  assert.equal(errorOf(await retract(ben, id, another)), "modify/bad-request");
  assert.deepEqual(await received(ada), []);
  const retractionId = idOf(await retract(ben, id));
  assert.equal(errorOf(await retract(ben, id)), "cancel/item-not-found", "it is gone already");
  assert.equal(errorOf(await retract(ben, retractionId)), "cancel/not-allowed", "clients that were away need it");
});

test("nobody says in the room's name that something was retracted", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const [id] = await say(ada, "one");
  const forged = xml("retracted", { xmlns: NS_RETRACT, id: "x" });
  ada.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "two"), forged));
  assert.equal(getChild(await ada.receive(), "retracted", NS_RETRACT), undefined);
  const moderated = xml("moderated", { xmlns: "urn:xmpp:message-moderate:1" });
  ada.send(xml("message", { to: ROOM, type: "groupchat" }, xml("retract", { xmlns: NS_RETRACT, id }, moderated)));
  assert.equal(getChild(await ada.receive(), "retract", NS_RETRACT)?.children.length, 0);
});

test("without an archive, what the history has can be retracted, and what has no id gets one", async () => {
  await using service = await startWithoutArchive();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_historylength": "3" });
  const [old, recent] = await say(ada, "1", "2", "3", "4");
  assert.equal(errorOf(await retract(ada, old)), "cancel/item-not-found", "forgotten");
  await retract(ada, recent);
  assert.deepEqual(await pastOf(service, "ben"), ["3", "4", "retraction"]);
  assert.ok((await discover(ada)).features.has("urn:xmpp:sid:0"));
});

test("without an archive, a text that was stored with the history does not come back after a crash", async () => {
  const disk = new FaultyDisk();
  const first = await startWithoutArchive({ storage: await disk.open() });
  const ada = first.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  const [id] = await say(ada, "secret", "rest");
  ada.send(xml("presence", { to: `${ROOM}/Ada`, type: "unavailable" }));
  await settled(first);
  await enter(ada, "Ada");
  await retract(ada, id);
  await disk.cutPower();
  await first.stop();
  await using second = await startWithoutArchive({ storage: await disk.open() });
  assert.deepEqual(await pastOf(second, "ben"), ["gone", "rest", "retraction"]);
});

for (const isArchived of [true, false]) {
  test(`a retraction that cannot be written changes nothing, and its sender is told; archive: ${isArchived}`, async () => {
    const disk = new FaultyDisk();
    const options = { storage: await disk.open() };
    await using service = await (isArchived ? start(options) : startWithoutArchive(options));
    const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
    await createRoom(ada, "Ada", PERSISTENT);
    const [id] = await say(ada, "one");
    // So that a history is stored.
    ada.send(xml("presence", { to: `${ROOM}/Ada`, type: "unavailable" }));
    await settled(service);
    await enter(ada, "Ada");
    await enter(ben, "Ben");
    await received(ada);
    ben.inbox.takeAll();
    disk.failSyncedCommits();
    ada.send(retraction(id));
    await settled(service);
    await settled(service);
    assert.deepEqual(summary(ada.inbox.takeAll()), ["message room error cancel/internal-server-error"]);
    assert.equal(ben.inbox.size, 0);
    disk.repair();
    await settled(service);
    assert.deepEqual(await pastOf(service, "cy"), ["one"]);
    if (isArchived) assert.deepEqual(await archived(ada), ["one"]);
    assert.equal(errorOf(await retract(ada, id)), undefined, "it can be tried again");
  });
}

test("tombstone and retraction are on disk before anybody is told", async () => {
  const disk = new FaultyDisk();
  const first = await start({ storage: await disk.open() });
  const ada = first.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  const [id] = await say(ada, "secret");
  await settled(first);
  ada.inbox.takeAll();
  using held = disk.holdSyncedCommits();
  ada.send(retraction(id));
  await held.arrived();
  assert.equal(ada.inbox.size, 0);
  held.release();
  assert.equal(contentOf(await ada.receive()), "retraction");
  await disk.cutPower();
  await first.stop();
  await using second = await start({ storage: await disk.open() });
  const reader = second.client("ben@example");
  assert.deepEqual(await archived(reader), ["gone", "retraction"]);
  assert.deepEqual(await pastOf(second, "cy"), ["gone", "retraction"]);
});

test("a retraction that another module stops is none", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  const [id = ""] = await say(ada, "one");
  let isBroken = true;
  hook(
    service,
    "muc-broadcast-message",
    () => {
      if (isBroken) throw new Error("broken");
      return undefined;
    },
    -2000,
  );
  assert.equal(errorOf(await retract(ada, id)), "cancel/internal-server-error");
  isBroken = false;
  await settled(service);
  assert.deepEqual(await pastOf(service, "ben"), ["one"]);
  assert.deepEqual(await archived(ada), ["one"]);
  const { store, user } = placeOf(service);
  assert.equal((await store.get(user, id))?.stanza.getChildText("body"), "one");
});

test("what is retracted while the archive is read for a longer history does not come back by it", async (t) => {
  await using service = await start();
  const ada = service.client("ada@example");
  const length = (messages: string): Readonly<Record<string, string>> => ({
    ...PERSISTENT,
    "muc#roomconfig_historylength": messages,
  });
  await createRoom(ada, "Ada", length("1"));
  const [id] = await say(ada, "secret", "kept");
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  // The whole history is read, and then nothing comes of it for a while.
  const find = Reflect.get(RecordArchiveStore.prototype, "find");
  const slow = mock.method(RecordArchiveStore.prototype, "find", async function (this: RecordArchiveStore, ...args) {
    const page = await Reflect.apply(find, this, args);
    if (args[1]?.reverse !== true || args[1].start !== undefined || page === undefined) return page;
    const items: unknown[] = [];
    for await (const item of page.items) items.push(item);
    await gate;
    return { ...page, items };
  } as typeof find);
  t.after(() => {
    slow.mock.restore();
  });
  await configure(ada, length("10"));
  await retract(ada, id);
  goOn();
  await settled(service);
  assert.deepEqual(await pastOf(service, "Ben"), ["gone", "kept", "retraction"]);
});
