/** What is archived, for how long, and whose it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { silentLogger } from "../../../core/cli/stderr-logger.js";
import { loadConfigText } from "../../../core/config/load.js";
import { serialise, xml, type Element } from "../../../core/index.js";
import { Service } from "../../../core/main.js";
import { openStorage } from "../../../core/storage/open.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import type { Storage } from "../../../core/storage/store.js";
import type { Muc } from "../../../modules/mod_muc/index.js";
import { ask, bodies, idOf, placeOf, roomOf, say, sayIn, startArchives } from "../../support/archives.js";
import { settled } from "../../support/room-engine.js";
import {
  codesOf,
  configurationForm,
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  NS_MUC,
  received,
  request,
  ROOM,
  startRooms,
  summary,
} from "../../support/rooms.js";

const SWITCH = "muc#roomconfig_enablearchiving";
const DAYS = "{urn:chorus-muc}roomconfig_archive_days";
const PERSISTENT = { "muc#roomconfig_persistentroom": "1" };
const NS_HINTS = "urn:xmpp:hints";
const DAY = 86_400;

function message(...content: Element[]): Element {
  return xml("message", { to: ROOM, type: "groupchat" }, ...content);
}

function destroy(client: FakeClient): ReturnType<typeof request> {
  return request(client, "set", xml("query", { xmlns: `${NS_MUC}#owner` }, xml("destroy")));
}

async function usersOf(storage: Storage): Promise<string[]> {
  const users: string[] = [];
  for await (const user of storage.openStore<never, "archive">("rooms.example", "muc_log", "archive").users()) {
    users.push(user);
  }
  return users;
}

test("archived is what has a body or asks for it (XEP-0334), and changes of subject; never private messages", async () => {
  await using service = await startArchives();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await received(ada);
  const body = (text: string): Element => xml("body", {}, text);
  for (const content of [
    [body("plain")],
    [body("no-store"), xml("no-store", { xmlns: NS_HINTS })],
    [body("no-permanent-store"), xml("no-permanent-store", { xmlns: NS_HINTS })],
    [xml("composing", { xmlns: "http://jabber.org/protocol/chatstates" })],
    [xml("reaction", { xmlns: "urn:example" }), xml("store", { xmlns: NS_HINTS })],
    [xml("subject", {}, "topic")],
    [body("beside a subject"), xml("subject", {}, "no topic")],
  ]) {
    ada.send(message(...content));
  }
  ada.send(xml("message", { to: `${ROOM}/Ben`, type: "chat" }, body("private")));
  const heard = await received(ben);
  assert.equal(heard.length, 8);
  const ids = heard.map((stanza) => idOf(stanza) !== undefined);
  assert.deepEqual(ids, [true, false, false, false, true, true, true, false]);
  const { results } = await ask(ben);
  assert.deepEqual(
    results.map(({ stanza }) => serialise(stanza).match(/<(body|reaction|subject)[^>]*>([^<]*)/)?.[0]),
    ["<body>plain", '<reaction xmlns="urn:example"/>', "<subject>topic", "<body>beside a subject"],
  );
  const history = (await enter(service.client("cy@example"), "Cy")).filter(({ name }) => name === "message");
  assert.deepEqual(
    summary(history),
    [
      "message Ada groupchat plain",
      "message Ada groupchat",
      "message Ada groupchat beside a subject",
      "message Ada groupchat subject",
    ],
    "the subject is the last, and only there",
  );
});

test("the owner turns it off and on, and everybody is told of a change, with 171 and 170", async () => {
  await using service = await startArchives();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  assert.deepEqual(codesOf((await enter(ben, "Ben")).find(({ attrs }) => attrs["from"] === `${ROOM}/Ben`)), ["110"]);
  assert.equal((await configurationForm(ada)).get(SWITCH)?.getChildText("value"), "1");
  const change = async (value: string): Promise<string[]> => {
    await received(ben);
    await configure(ada, { [SWITCH]: value });
    return (await received(ben)).flatMap(codesOf);
  };
  await say(ada, "one");
  assert.deepEqual(await change("1"), []);
  assert.deepEqual(await change("0"), ["171"]);
  assert.deepEqual(await change("0"), []);
  await say(ada, "two");
  assert.equal((await configurationForm(ada)).get(SWITCH)?.getChildText("value"), "0");
  const { features } = await discover(ben);
  assert.deepEqual([features.has("urn:xmpp:mam:2"), features.has("urn:xmpp:sid:0")], [false, true]);
  assert.deepEqual(await change("1"), ["170"]);
  const [id] = await say(ada, "three");
  assert.ok(id);
  assert.deepEqual(bodies(await ask(ben)), ["one", "three"]);
  const [refused] = await configure(ada, { [SWITCH]: [] });
  assert.equal(errorOf(refused), "modify/not-acceptable");
});

test("muc_log_by_default = false: rooms whose owner did not choose it are not archived", async () => {
  await using service = await startArchives("muc_log_by_default = false");
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  assert.deepEqual(await say(ada, "one"), []);
  await configure(ada, { [SWITCH]: "1" });
  await say(ada, "two");
  assert.deepEqual(bodies(await ask(ada)), ["two"]);
});

test("muc_log_all_rooms: nobody is asked", async () => {
  await using service = await startArchives("muc_log_by_default = false; muc_log_all_rooms = true");
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { [SWITCH]: "0" });
  assert.equal((await configurationForm(ada)).has(SWITCH), false);
  await say(ada, "one");
  assert.deepEqual(bodies(await ask(ada)), ["one"]);
});

test("muc_log_presences: who came and went, without real JIDs", async () => {
  await using service = await startArchives("muc_log_presences = true");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await say(ben, "hello");
  ben.send(xml("presence", { to: `${ROOM}/Ben`, type: "unavailable" }));
  const { results } = await ask(ada);
  assert.deepEqual(summary(results.map(({ stanza }) => stanza)), [
    "presence Ada",
    "presence Ben",
    "message Ben groupchat hello",
    "presence Ben unavailable",
  ]);
  for (const { stanza } of results) assert.doesNotMatch(serialise(stanza), /@example/);
  const history = await enter(service.client("cy@example"), "Cy");
  assert.deepEqual(bodiesOf(history), ["hello"]);
});

test("max_archive_query_results bounds a page; muc_log_include_total = false: no counts", async () => {
  await using service = await startArchives("max_archive_query_results = 3; muc_log_include_total = false");
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  await say(ada, "1", "2", "3", "4");
  for (const rsm of [undefined, { max: "50" }]) {
    const { results, complete, count } = await ask(ada, rsm ? { rsm } : {});
    assert.deepEqual([results.length, complete, count], [3, false, undefined]);
  }
});

test("a room made again under an old name shows nothing of the old one", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  await using service = await startArchives("muc_tombstones = false", { storage });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  for (const fields of [{}, PERSISTENT]) {
    await createRoom(ada, "Ada", fields);
    const [id = ""] = await say(ada, "of the old room");
    const before = placeOf(service).user;
    await destroy(ada);
    await createRoom(ben, "Ben", fields);
    assert.notEqual(placeOf(service).user, before);
    const answer = await ask(ben);
    assert.deepEqual([answer.results, answer.count], [[], "0"]);
    assert.equal((await ask(ben, { rsm: { after: id } })).error, "cancel/item-not-found");
    const cy = service.client("cy@example");
    assert.deepEqual(bodiesOf(await enter(cy, "Cy")), []);
    await settled(service);
    await service.storage.idle();
    assert.deepEqual(await usersOf(storage), [], "and nothing is left of it");
    await destroy(ben);
    await cy.disconnect();
  }
});

test("a room made again while nobody archived shows nothing of the old one, imported or not", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const old = message(xml("body", {}, "of the old room"));
  old.attrs["from"] = `${ROOM}/Ada`;
  const frozen = { _jid: ROOM, _data: { persistent: true }, _affiliations: { "ada@example": "owner" } };
  await storage.openStore("rooms.example", "config").set("attic", frozen);
  await storage.openStore<never, "archive">("rooms.example", "muc_log", "archive").append("attic", null, old).written;
  const told: (string | undefined)[][] = [];
  for (const modules of ['"muc_mam"', "", '"muc_mam"', "", '"muc_mam"']) {
    await using service = await startRooms(`modules_enabled = { ${modules} }; muc_tombstones = false`, { storage });
    const ada = service.client("ada@example");
    if (modules === "") {
      await enter(ada, "Ada");
      await destroy(ada);
      await createRoom(ada, "Ada", PERSISTENT);
    } else {
      told.push(bodies(await ask(ada)));
      await enter(ada, "Ada");
      await say(ada, "newer");
    }
  }
  assert.deepEqual(told, [["of the old room"], [], []]);
});

test("an answer that was being read for a room that has gone is no answer", async () => {
  await using service = await startArchives("muc_tombstones = false");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await say(ada, "old");
  ben.send(xml("iq", { type: "set", id: "q", to: ROOM }, xml("query", { xmlns: "urn:xmpp:mam:2" })));
  ada.send(xml("presence", { to: `${ROOM}/Ada`, type: "unavailable" }));
  ada.send(xml("presence", { to: `${ROOM}/Ada` }, xml("x", { xmlns: NS_MUC })));
  assert.equal(errorOf(await ben.receive()), "cancel/item-not-found");
});

test("archives of rooms that are gone are removed, whatever became of the process; others keep theirs", async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  const storage = await openStorage({ driver: "memory" }, () => clock.now());
  const archive = storage.openStore<never, "archive">("rooms.example", "muc_log", "archive");
  const stanza = message(xml("body", {}, "left behind"));
  for (const user of ["attic/earlier", "cellar/earlier", "imported"]) await archive.append(user, null, stanza).written;
  await using service = await startArchives("", { storage, clock });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await say(ada, "kept");
  const own = placeOf(service).user;
  clock.advanceSeconds(61);
  await settled(service);
  await settled(service);
  assert.deepEqual(await usersOf(storage), [own, "imported"]);
  clock.advanceSeconds(8 * DAY);
  await settled(service);
  await settled(service);
  assert.deepEqual(await usersOf(storage), []);
});

test("a command that works with the data of a stopped server removes nothing, however long it takes", async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  const storage = await openStorage({ driver: "memory" }, () => clock.now());
  const archive = storage.openStore<never, "archive">("rooms.example", "muc_log", "archive");
  await archive.append("imported", null, message(xml("body", {}, "of last year")), Date.UTC(2024, 0, 1) / 1000).written;
  const config = await loadConfigText('Component "rooms.example" "muc"\n  modules_enabled = { "muc_mam" }');
  const service = await Service.create({ config, logger: silentLogger, storage, clock });
  const left = async (): Promise<string[]> => {
    clock.advanceSeconds(61);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    await storage.idle();
    return usersOf(storage);
  };
  assert.deepEqual(await left(), ["imported"]);
  await service.modules.ready(); // the server starts
  assert.deepEqual(await left(), []);
  await service.stop();
});

test("messages expire: muc_log_expires_after, archive_expires_after, and what the owner says", async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  await using service = await startArchives('muc_log_expires_after = "10 days"; archive_expires_after = "1 day"', {
    clock,
  });
  const [ada, admin] = [service.client("ada@example"), service.client("admin@example")];
  const other = "other@rooms.example";
  await createRoom(ada, "Ada");
  await createRoom(ada, "Ada", {}, { room: other });
  assert.equal((await configurationForm(ada)).get(DAYS)?.getChildText("value"), "");
  const [, notice] = await configure(ada, { [DAYS]: "3" }, other);
  assert.deepEqual(codesOf(notice), ["104"]);
  assert.deepEqual((await configure(ada, { [DAYS]: "3" }, other)).length, 1, "no change, no notice");
  for (const value of ["0", "-1", "100000", "soon", "1.5"]) {
    const [refused] = await configure(ada, { [DAYS]: value }, other);
    assert.equal(errorOf(refused), "modify/not-acceptable", value);
  }
  const [longer] = await configure(ada, { [DAYS]: "11" }, other);
  assert.match(String(errorText(longer)), /Longer than this service allows/);

  await say(ada, "old");
  await sayIn(other, ada, "old");
  clock.advanceSeconds(2 * DAY);
  await say(ada, "young");
  await sayIn(other, ada, "young");
  const kept = async (): Promise<string[]> => {
    await settled(service);
    await settled(service);
    return [bodies(await ask(ada)).join(" "), bodies(await ask(ada, {}, other)).join(" ")];
  };
  assert.deepEqual(await kept(), ["old young", "old young"]);
  clock.advanceSeconds(2 * DAY);
  assert.deepEqual(await kept(), ["old young", "young"]);
  assert.deepEqual(bodiesOf(await enter(admin, "Admin", { room: other })), ["young"], "nor does the history have it");
  clock.advanceSeconds(7 * DAY);
  assert.deepEqual(await kept(), ["young", ""]);
  await configure(ada, { [DAYS]: "" }, other);
  assert.equal(roomOf(service, other).getArchiveAge(), 10 * DAY);
});

test("what has expired is gone from the history, too, on disk as well, while nobody is in the room", async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  const storage = await openStorage({ driver: "memory" }, () => clock.now());
  const histories = storage.openStore("rooms.example", "muc_history");
  await using service = await startArchives('muc_log_expires_after = "10 days"', { clock, storage });
  const ada = service.client("ada@example");
  const other = "other@rooms.example";
  await createRoom(ada, "Ada", PERSISTENT);
  await createRoom(ada, "Ada", PERSISTENT, { room: other });
  await say(ada, "old");
  await sayIn(other, ada, "old");
  clock.advanceSeconds(6 * DAY);
  await say(ada, "young");
  for (const room of [ROOM, other]) {
    ada.send(xml("presence", { to: `${room}/Ada`, type: "unavailable" }));
    await received(ada, room);
  }
  const muc = service.service.modules.exportsOf("rooms.example", "muc") as Muc;
  clock.advanceSeconds(5 * DAY);
  await settled(service);
  await settled(service);
  assert.doesNotMatch(JSON.stringify(await histories.get("attic")), /old/);
  assert.match(JSON.stringify(await histories.get("attic")), /young/);
  assert.equal(await histories.get("other"), undefined);
  assert.ok(muc.getLiveRoomFromJid(ROOM));
  assert.deepEqual(bodiesOf(await enter(ada, "Ada")), ["young"]);
});

test("storage_archive_item_limit: the oldest go", async () => {
  await using service = await startArchives("storage_archive_item_limit = 200");
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const texts = Array.from({ length: 250 }, (_, n) => String(n));
  await say(ada, ...texts);
  await settled(service);
  await say(ada, "250", "251", "252", "253");
  await settled(service);
  const { store, user } = placeOf(service);
  const total = (await store.find(user, { total: true, limit: 0 }))?.total ?? 0;
  assert.ok(total <= 202 && total >= 198, `${total} are left`);
  assert.deepEqual(bodies(await ask(ada, { rsm: { max: "1", before: "" } })), ["253"]);
});

test('"never" keeps messages for good', async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  await using service = await startArchives('muc_log_expires_after = "never"', { clock });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  await say(ada, "old");
  clock.advanceSeconds(4000 * DAY);
  await settled(service);
  assert.deepEqual(bodies(await ask(ada)), ["old"]);
});

test("history after a crash is what the archive has", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  await using before = await startArchives("", { storage });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", { ...PERSISTENT, "muc#roomconfig_historylength": "3" });
  const ids = await say(ada, "1", "2", "3", "4", "5");
  ada.send(message(xml("subject", {}, "topic")));
  await received(ada);
  // Nothing of it is told that the process ends: what the history would store of itself then is not there.
  await using after = await startArchives("", { storage });
  const ben = after.client("ben@example");
  const entered = await enter(ben, "Ben");
  assert.deepEqual(bodiesOf(entered), ["3", "4", "5"]);
  assert.deepEqual(
    entered.flatMap((stanza) => idOf(stanza) ?? []),
    ids.slice(2),
  );
  assert.match(serialise(entered.find((stanza) => idOf(stanza) === ids[2]) ?? xml("none")), /<delay [^>]*from="attic@/);
  await say(ben, "6");
  assert.deepEqual(bodiesOf(await enter(after.client("cy@example"), "Cy")), ["4", "5", "6"]);
});

test("a longer history is filled from the archive", async () => {
  await using service = await startArchives();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_historylength": "2" });
  await say(ada, "1", "2", "3", "4");
  assert.deepEqual(bodiesOf(await enter(service.client("ben@example"), "Ben")), ["3", "4"]);
  await configure(ada, { "muc#roomconfig_historylength": "3" });
  await settled(service);
  await say(ada, "5");
  await configure(ada, { "muc#roomconfig_historylength": "4" });
  await settled(service);
  assert.deepEqual(bodiesOf(await enter(service.client("cy@example"), "Cy")), ["2", "3", "4", "5"]);
});

test("other modules' messages are archived, too, and their forged ids are not believed", async () => {
  await using service = await startArchives();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  const forged = xml("stanza-id", { xmlns: "urn:xmpp:sid:0", by: ROOM, id: "forged" });
  roomOf(service).broadcastMessage(xml("message", { from: ROOM, type: "groupchat" }, xml("body", {}, "news"), forged));
  const [heard] = (await received(ben)).slice(-1);
  assert.ok(heard);
  const { results } = await ask(ben);
  assert.deepEqual(
    results.map(({ id, body }) => [id, body]),
    [[idOf(heard), "news"]],
  );
});

/** Bodies of what somebody was sent. */
function bodiesOf(stanzas: readonly Element[]): string[] {
  return stanzas.flatMap((stanza) => stanza.getChildText("body") ?? []);
}
