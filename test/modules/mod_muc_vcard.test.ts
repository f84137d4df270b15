import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { getChild, xml, type Element } from "../../core/index.js";
import { openStorage } from "../../core/storage/open.js";
import { FaultyDisk } from "../../core/testing/storage-faults.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import {
  codesOf,
  createRoom,
  discover,
  enter,
  errorOf,
  received,
  request,
  ROOM,
  startRooms,
} from "../support/rooms.js";

const PUBLIC = { "muc#roomconfig_publicroom": "1" };
const PERSISTENT = { "muc#roomconfig_persistentroom": "1" };
const HASH_FIELD = "muc#roominfo_avatarhash";

function card(picture?: string): Element {
  const vcard = xml("vCard", { xmlns: "vcard-temp" }, xml("FN", {}, "The attic"));
  if (picture !== undefined) {
    const data = Buffer.from(picture).toString("base64");
    vcard.append(xml("PHOTO", {}, xml("TYPE", {}, "image/png"), xml("BINVAL", {}, data)));
  }
  return vcard;
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/** Hashes that presences of the room itself name; `""`: that there is no picture. */
function hashes(stanzas: readonly Element[]): string[] {
  return stanzas
    .filter(({ name, attrs }) => name === "presence" && attrs["from"] === ROOM)
    .flatMap((presence) => getChild(presence, "x", "vcard-temp:x:update")?.getChildText("photo") ?? []);
}

function vcardOf(client: FakeClient): Promise<Element> {
  return request(client, "get", card()).then(([answer]) => answer);
}

test("XEP-0486: an owner gives the room a picture; those inside and those who come learn of each one", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", PUBLIC);
  await enter(ben, "Ben");
  assert.equal(errorOf(await vcardOf(ben)), "cancel/item-not-found");
  for (const picture of ["one", "two"]) {
    const [answer] = await request(ada, "set", card(picture));
    assert.equal(answer.attrs["type"], "result");
    const told = await received(ben);
    assert.deepEqual(hashes(told), [sha1(picture)]);
    assert.deepEqual(told.flatMap(codesOf), ["104"]);
    assert.equal((await discover(ben)).form.get(HASH_FIELD), sha1(picture), "not an older one");
  }
  assert.match(String(await vcardOf(cleo)), /<FN>The attic<\/FN>/);
  const entered = await enter(cleo, "Cleo");
  assert.deepEqual(hashes(entered), [sha1("two")]);
  await request(ada, "set", card());
  assert.deepEqual(hashes(await received(ben)), [""]);
  assert.equal((await discover(ben)).form.has(HASH_FIELD), false, "no field without a picture");
});

test("only owners may set it", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  assert.equal(errorOf((await request(ben, "set", card("mine")))[0]), "auth/forbidden");
  assert.equal(errorOf(await vcardOf(ada)), "cancel/item-not-found");
});

test("a room that is gone leaves no vCard to the next of its name", async () => {
  await using service = await startRooms("muc_tombstones = false");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", PERSISTENT);
  await request(ada, "set", card("one"));
  await request(ada, "set", xml("query", "http://jabber.org/protocol/muc#owner", xml("destroy")));
  await createRoom(ben, "Ben");
  assert.equal(errorOf(await vcardOf(ben)), "cancel/item-not-found");
  assert.deepEqual(hashes(await enter(ada, "Ada")), []);
});

test("after a restart the room still has its picture", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const before = await startRooms("", { storage });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await request(ada, "set", card("one"));
  await before.stop();
  await using after = await startRooms("", { storage });
  const ben = after.client("ben@example");
  assert.deepEqual(hashes(await enter(ben, "Ben")), [sha1("one")]);
});

for (const [how, presences, codes] of [
  ["presence", [sha1("one")], []],
  ["message", [], ["104"]],
  ["none", [], []],
] as const) {
  test(`muc_avatar_advertise_hashes = "${how}"`, async () => {
    await using service = await startRooms(`muc_avatar_advertise_hashes = "${how}"`);
    const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
    await createRoom(ada, "Ada");
    const [, ...told] = await request(ada, "set", card("one"));
    assert.deepEqual([hashes(told), told.flatMap(codesOf)], [presences, codes]);
    assert.equal(hashes(await enter(ben, "Ben")).length, how === "none" ? 0 : 1);
  });
}

test("muc_vcard = false: rooms have none", async () => {
  await using service = await startRooms("muc_vcard = false");
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  assert.equal((await discover(ada)).form.has(HASH_FIELD), false);
  assert.ok(errorOf((await request(ada, "set", card("one")))[0]) !== undefined);
});

test("a room that is made in the place of a tombstone has no picture", async () => {
  await using service = await startRooms();
  const [ada, admin] = [service.client("ada@example"), service.client("admin@example")];
  await createRoom(ada, "Ada", { ...PERSISTENT, ...PUBLIC });
  await request(ada, "set", card("one"));
  await request(ada, "set", xml("query", "http://jabber.org/protocol/muc#owner", xml("destroy")));
  assert.equal(errorOf(await vcardOf(ada)), "cancel/gone");
  await createRoom(admin, "Admin", PUBLIC);
  assert.equal(errorOf(await vcardOf(admin)), "cancel/item-not-found");
  assert.equal((await discover(admin)).form.has(HASH_FIELD), false);
});

test("what cannot be written is not announced, and a room that cannot be destroyed keeps its picture", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms("", { storage });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await request(ada, "set", card("one"));
  disk.failSyncedCommits();
  const [answer, ...told] = await request(ada, "set", card("two"));
  assert.match(errorOf(answer) ?? "", /internal-server-error/);
  assert.deepEqual(told, []);
  const [refused] = await request(ada, "set", xml("query", "http://jabber.org/protocol/muc#owner", xml("destroy")));
  assert.match(errorOf(refused) ?? "", /internal-server-error/);
  disk.repair();
  assert.equal((await discover(ada)).form.get(HASH_FIELD), sha1("one"));
  assert.match(String(await vcardOf(ada)), new RegExp(Buffer.from("one").toString("base64")));
});

for (const [what, photo, expected] of [
  ["data with blanks", [xml("TYPE", {}, "image/png"), xml("BINVAL", {}, "AA\n AA ")], undefined],
  ["no type", [xml("BINVAL", {}, "AAAA")], undefined],
  ["an address", [xml("EXTVAL", {}, "https://example.com/a.png")], undefined],
  ["half a group", [xml("TYPE", {}, "image/png"), xml("BINVAL", {}, "AAA")], "modify/bad-request"],
  ["other characters", [xml("TYPE", {}, "image/png"), xml("BINVAL", {}, "AA-_")], "modify/bad-request"],
  ["another type", [xml("TYPE", {}, "text/html"), xml("BINVAL", {}, "AAAA")], "modify/bad-request"],
  ["too much", [xml("TYPE", {}, "image/png"), xml("BINVAL", {}, "AAAA".repeat(100))], "modify/policy-violation"],
] as const) {
  test(`a picture with ${what}: ${expected ?? "taken"}`, async () => {
    await using service = await startRooms("vcard_max_size = 300");
    const ada = service.client("ada@example");
    await createRoom(ada, "Ada");
    const [answer] = await request(ada, "set", xml("vCard", "vcard-temp", xml("PHOTO", {}, ...photo)));
    assert.equal(errorOf(answer), expected);
  });
}
