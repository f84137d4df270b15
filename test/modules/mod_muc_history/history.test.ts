import assert from "node:assert/strict";
import { test } from "node:test";
import { serialise, xml, type Element } from "../../../core/index.js";
import { openStorage } from "../../../core/storage/open.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import {
  codesOf,
  configurationForm,
  configure,
  createRoom,
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

const LENGTH = "muc#roomconfig_historylength";
const DEFAULT_LENGTH = "muc#roomconfig_defaulthistorymessages";
const PERSISTENT = { "muc#roomconfig_persistentroom": "1" };

async function say(client: FakeClient, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    client.send(xml("message", { to: ROOM, type: "groupchat", id: `id-${text}` }, xml("body", {}, text)));
  }
  await received(client);
}

/** Texts of the history among what somebody received on entering. */
function history(stanzas: readonly Element[]): string[] {
  return stanzas.flatMap((stanza) => stanza.getChildText("body") ?? []);
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
}

test("XEP-0045 §7.2.13: history comes after the presences and before the subject, with delay and sender", async () => {
  const clock = new FakeClock(Date.UTC(2025, 5, 1, 12));
  await using service = await startRooms("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await say(ada, "hello");
  clock.advanceSeconds(60);
  const stanzas = await enter(ben, "Ben");
  assert.deepEqual(summary(stanzas), [
    "presence Ada",
    "presence Ben 110",
    "message Ada groupchat hello",
    "message room groupchat subject",
  ]);
  const delay = stanzas[2]?.getChild("delay", "urn:xmpp:delay");
  assert.deepEqual(delay?.attrs, { xmlns: "urn:xmpp:delay", from: ROOM, stamp: "2025-06-01T12:00:00Z" });
  assert.equal(stanzas[2]?.attrs["id"], "id-hello");
  assert.equal(stanzas[2]?.attrs["to"], ben.jid);
});

test("twenty messages are kept and sent, unless the presence asks for fewer", async () => {
  const clock = new FakeClock();
  await using service = await startRooms("", { clock });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  for (const text of numbers(1, 25)) {
    await say(ada, text);
    clock.advanceSeconds(10);
  }
  const ask = async (how?: Record<string, string>): Promise<string[]> => {
    const client = service.client("ben@example");
    const texts = history(await enter(client, "Ben", how ? { history: how } : {}));
    client.send(xml("presence", { to: `${ROOM}/Ben`, type: "unavailable" }));
    await received(client);
    await client.disconnect();
    return texts;
  };
  assert.deepEqual(await ask(), numbers(6, 25));
  assert.deepEqual(await ask({ maxstanzas: "3" }), numbers(23, 25));
  assert.deepEqual(await ask({ maxstanzas: "0" }), []);
  assert.deepEqual(await ask({ maxchars: "0" }), []);
  assert.deepEqual(await ask({ seconds: "30" }), numbers(23, 25));
  assert.deepEqual(await ask({ since: new Date(clock.now() - 20_000).toISOString() }), numbers(24, 25));
  assert.deepEqual(await ask({ maxstanzas: "100" }), numbers(6, 25));
  const all = await ask({ maxchars: "100000" });
  assert.deepEqual(all, numbers(6, 25));
  const some = await ask({ maxchars: "700" });
  assert.ok(some.length > 0 && some.length < 20, `${some.length}`);
  assert.deepEqual(some, numbers(26 - some.length, 25), "the newest");
});

test("XEP-0045 §7.2.14: maxchars counts the stanzas as they are sent, tags and all, and cuts none", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await say(ada, "short", "<tags> & more", "\u{1F3B2} na\u00efve", "x".repeat(200), "last");
  const ask = async (how: Record<string, string>): Promise<string[]> => {
    const stanzas = await enter(ben, "Ben", { history: how });
    ben.send(xml("presence", { to: ROOM, type: "unavailable" }));
    await received(ben);
    return stanzas.filter((stanza) => stanza.getChildText("body") !== null).map(serialise);
  };
  const all = await ask({});
  assert.equal(all.length, 5);
  for (let count = 0; count <= all.length; count++) {
    const newest = all.slice(all.length - count);
    const chars = newest.join("").length;
    assert.deepEqual(await ask({ maxchars: String(chars) }), newest, `${chars} characters`);
    if (count === 0) continue;
    assert.deepEqual(await ask({ maxchars: String(chars - 1) }), newest.slice(1), `${chars - 1} characters`);
    assert.deepEqual(await ask({ maxchars: String(chars), maxstanzas: "1" }), newest.slice(-1));
  }
});

test("XEP-0045 §7.2.14: seconds and since include what is exactly as old, whole seconds as the delays say", async () => {
  const clock = new FakeClock();
  await using service = await startRooms("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  for (const text of numbers(1, 4)) {
    await say(ada, text);
    clock.advanceSeconds(10);
  }
  const ask = async (how: Record<string, string>): Promise<string[]> => {
    const texts = history(await enter(ben, "Ben", { history: how }));
    ben.send(xml("presence", { to: ROOM, type: "unavailable" }));
    await received(ben);
    return texts;
  };
  const ago = (seconds: number): string => new Date(clock.now() - seconds * 1000).toISOString();
  for (const [how, texts] of [
    [{ seconds: "0" }, []],
    [{ seconds: "9" }, []],
    [{ seconds: "10" }, ["4"]],
    [{ seconds: "19" }, ["4"]],
    [{ seconds: "40" }, numbers(1, 4)],
    [{ seconds: "999999" }, numbers(1, 4)],
    [{ since: ago(20) }, ["3", "4"]],
    [{ since: ago(19) }, ["4"]],
    [{ since: ago(-60) }, []],
    [{ since: "1970-01-01T00:00:00Z" }, numbers(1, 4)],
    [{ since: ago(30), seconds: "20" }, ["3", "4"]],
    [{ since: ago(10), seconds: "20" }, ["4"]],
    [{ since: ago(30), maxstanzas: "2" }, ["3", "4"]],
    [{ since: ago(10), maxstanzas: "2" }, ["4"]],
    [{ since: ago(30), maxchars: "0" }, []],
    [{ seconds: "-1", since: "never", maxstanzas: "all" }, numbers(1, 4)],
  ] as [Record<string, string>, string[]][]) {
    assert.deepEqual(await ask(how), texts, JSON.stringify(how));
  }
});

test("the owner says how many messages are kept, and how many are sent unasked", async () => {
  await using service = await startRooms("max_history_messages = 30");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  const [, notice] = await configure(ada, { [LENGTH]: "3", [DEFAULT_LENGTH]: "2" });
  assert.deepEqual(codesOf(notice), ["104"]);
  await say(ada, ...numbers(1, 5));
  assert.deepEqual(history(await enter(ben, "Ben")), ["4", "5"]);
  assert.deepEqual(history(await enter(ben, "Ben", { history: { maxstanzas: "9" } })), ["3", "4", "5"]);
  for (const value of ["-1", "1.5", "many"]) {
    const [refused] = await configure(ada, { [LENGTH]: value });
    assert.equal(errorOf(refused), "modify/not-acceptable");
    assert.match(String(errorText(refused)), /^muc#roomconfig_historylength: /);
  }
  await configure(ada, { [LENGTH]: "1000" });
  assert.equal(
    (await configurationForm(ada)).get(LENGTH)?.getChildText("value"),
    "30",
    "no more than the service keeps",
  );
  await configure(ada, { [LENGTH]: "0" });
  await say(ada, "gone");
  await received(ben);
  assert.deepEqual(history(await enter(ben, "Ben")), []);
});

test("muc_room_default_history_length: new rooms", async () => {
  await using service = await startRooms("muc_room_default_history_length = 1");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await say(ada, "1", "2");
  assert.deepEqual(history(await enter(ben, "Ben")), ["2"]);
});

test("what was said before a restart is sent after it, in persistent rooms", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const before = await startRooms("", { storage });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await say(ada, "first", "second");
  await before.stop();
  await using after = await startRooms("", { storage });
  const ben = after.client("ben@example");
  assert.deepEqual(history(await enter(ben, "Ben")), ["first", "second"]);
});

test("a room made again while nobody kept the history shows nothing of the old one", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const shown: string[][] = [];
  for (const disabled of ["", '"muc_history"', ""]) {
    await using service = await startRooms(`modules_disabled = { ${disabled} }; muc_tombstones = false`, { storage });
    const ada = service.client("ada@example");
    if (disabled !== "") {
      await enter(ada, "Ada");
      await request(ada, "set", xml("query", { xmlns: `${NS_MUC}#owner` }, xml("destroy")));
    }
    shown.push(history(await enter(ada, "Ada")));
    await configure(ada, PERSISTENT);
    await say(ada, "old");
    ada.send(xml("presence", { to: `${ROOM}/Ada`, type: "unavailable" }));
    await received(ada);
  }
  assert.deepEqual(shown, [[], [], []]);
});

test("a room that was left, forgotten and entered again still has its history; a destroyed one does not", async () => {
  await using service = await startRooms("muc_room_cache_size = 1; muc_tombstones = false");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", PERSISTENT);
  await say(ada, "remember me");
  ada.send(xml("presence", { to: `${ROOM}/Ada`, type: "unavailable" }));
  await received(ada);
  for (const room of ["one@rooms.example", "two@rooms.example"]) {
    await createRoom(ada, "Ada", PERSISTENT, { room });
    ada.send(xml("presence", { to: `${room}/Ada`, type: "unavailable" }));
    await received(ada, room);
  }
  assert.deepEqual(history(await enter(ben, "Ben")), ["remember me"]);
  await enter(ada, "Ada");
  const destroy = xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, xml("destroy"));
  ada.send(xml("iq", { type: "set", id: "destroy", to: ROOM }, destroy));
  await received(ada);
  await createRoom(ada, "Ada");
  assert.deepEqual(history(await enter(ben, "Ben")), []);
});
