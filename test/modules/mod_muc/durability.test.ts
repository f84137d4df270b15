/** What is acknowledged is on disk, and what could not be written has not happened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import {
  administering,
  briefly,
  configuring,
  create,
  join,
  joining,
  liveRoomOf,
  mucOf,
  person,
  publicRoomsOf,
  roomOf,
  saying,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

const PERSISTENT = { persistentroom: "1" };

test("nothing of a change leaves before it is on disk; other rooms go on; then everything leaves in order", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms({ storage });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "kept", "Ada", PERSISTENT);
  await settled(service);
  join(ben, "kept", "Ben");
  create(ada, "other", "Ada");
  join(ben, "other", "Ben");
  ada.inbox.takeAll();

  using held = disk.holdSyncedCommits();
  ada.send(administering("kept", `<item affiliation="member" jid="ben@users.example"/>`));
  ben.send(saying("kept", "while it is written"));
  await held.arrived();
  assert.deepEqual([briefly(ada), briefly(ben)], [[], []], "neither answer nor presence has left");
  ben.send(saying("other", "meanwhile"));
  assert.deepEqual(briefly(ada), ["message groupchat Ben meanwhile"]);
  assert.deepEqual(briefly(ben), ["message groupchat Ben meanwhile"]);

  held.release();
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence Ben", "iq result", "message groupchat Ben while it is written"]);
  assert.deepEqual(briefly(ben), ["presence Ben 110", "message groupchat Ben while it is written"]);
});

test("a change that cannot be written is taken back: memory equals disk, and only the requester hears of it", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms({ storage });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  const cy = person(service, "cy");
  create(ada, "kept", "Ada", PERSISTENT);
  await settled(service);
  join(ben, "kept", "Ben");
  join(cy, "kept", "Cy");
  for (const client of [ada, ben, cy]) client.inbox.takeAll();
  const room = liveRoomOf(service, "kept");
  const before = JSON.stringify(room.freeze());
  const occupants = (): unknown => room.eachOccupant().map(([nick, { role, jid }]) => [nick, role, jid]);
  const seated = occupants();

  disk.failSyncedCommits();
  for (const item of [
    `<item affiliation="outcast" jid="ben@users.example"><reason>no</reason></item>`,
    `<item affiliation="admin" jid="cy@users.example"/>`,
    `<item affiliation="member" nick="Ben" jid="cy@users.example"/>`,
  ]) {
    ada.send(administering("kept", item));
    await settled(service);
    assert.deepEqual(briefly(ada), ["iq internal-server-error"], item);
    assert.deepEqual([briefly(ben), briefly(cy)], [[], []], item);
    assert.equal(JSON.stringify(room.freeze()), before, item);
    assert.deepEqual(new Set(occupants() as []), new Set(seated as []), item);
  }

  disk.repair();
  ben.send(saying("kept", "still here"));
  assert.deepEqual(briefly(ada), ["message groupchat Ben still here"]);
  const stored = await storage.openStore(SERVICE, "config").get("kept");
  assert.deepEqual(JSON.parse(JSON.stringify(room.freeze())), stored);
});

test("a form that cannot be written changes no setting, and tells nobody", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "kept", "Ada");
  join(ben, "kept", "Ben");
  ada.inbox.takeAll();
  disk.failSyncedCommits();
  ada.send(configuring("kept", { ...PERSISTENT, roomname: "Kept", membersonly: "1", whois: "anyone" }));
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq internal-server-error"]);
  assert.deepEqual(briefly(ben), []);
  const room = roomOf(service, "kept");
  assert.deepEqual(
    [room.getName(), room.getPersistent(), room.getMembersOnly(), room.getWhois(), room.occupantCount],
    [undefined, false, false, "moderators", 2],
  );
  disk.repair();
  ada.send(configuring("kept", PERSISTENT));
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq result", "message groupchat 104"]);
});

test("a destruction that cannot be written has not happened", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "kept", "Ada", PERSISTENT);
  await settled(service);
  join(ben, "kept", "Ben");
  ada.inbox.takeAll();
  const destroy = `<iq type="set" id="d" to="kept@${SERVICE}"><query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query></iq>`;
  disk.failSyncedCommits();
  ada.send(destroy);
  await settled(service);
  assert.deepEqual([briefly(ada), briefly(ben)], [["iq internal-server-error"], []]);
  ben.send(saying("kept", "alive"));
  assert.deepEqual(briefly(ada), ["message groupchat Ben alive"]);
  ben.inbox.takeAll();

  disk.repair();
  ada.send(destroy);
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence unavailable Ada 110", "iq result"]);
  assert.deepEqual(briefly(ben), ["presence unavailable Ben 110"]);
  ben.send(joining("kept", "Ben"));
  assert.deepEqual(briefly(ben), ["presence gone Ben"], "a tombstone stands there");
});

for (const isWritten of [true, false]) {
  test(`who comes while a destruction is written waits for that${isWritten ? "" : ", and finds everybody there if it is not"}`, async () => {
    const disk = new FaultyDisk();
    const clock = new FakeClock();
    const storage = await disk.open(() => clock.now());
    await using service = await startRooms({ storage, clock, options: "muc_room_default_persistent = true" });
    const [ada, ben] = [person(service, "ada"), person(service, "ben")];
    ada.send(joining("new", "Ada"));
    await settled(service);
    ada.inbox.takeAll();
    using held = disk.holdSyncedCommits();
    if (!isWritten) disk.failSyncedCommits(undefined, 1);
    clock.advanceSeconds(600); // nobody has configured it
    ben.send(joining("new", "Ben"));
    await held.arrived();
    assert.deepEqual(briefly(ben), [], "neither let in nor refused");
    held.release();
    await settled(service);
    ada.send(`<iq type="get" id="ping" to="new@${SERVICE}/Ada"><ping xmlns="urn:xmpp:ping"/></iq>`);
    await settled(service);
    assert.deepEqual(
      [briefly(ada), briefly(ben)],
      isWritten
        ? [
            ["presence unavailable Ada 110", "iq not-acceptable Ada"],
            ["presence Ben 201 110", "message groupchat"],
          ]
        : [["iq result Ada"], ["presence item-not-found Ben"]],
    );
  });
}

test("a persistent room that cannot be written is not created", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({
    storage: await disk.open(),
    options: "muc_room_default_persistent = true; muc_room_locking = false",
  });
  const ada = person(service, "ada");
  disk.failSyncedCommits();
  ada.send(joining("new", "Ada"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence internal-server-error Ada"]);
  assert.deepEqual(mucOf(service).liveRooms(), []);
  disk.repair();
  ada.send(joining("new", "Ada"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence Ada 201 110", "message groupchat"]);
});

test("a temporary room waits for no disk", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const ada = person(service, "ada");
  using held = disk.holdSyncedCommits();
  create(ada, "brief", "Ada");
  ada.send(administering("brief", `<item affiliation="member" jid="ben@users.example"/>`));
  assert.deepEqual(briefly(ada), ["message", "iq result"]);
  held.release();
});

test("what a bare call changes while a step is written is written after it, and undone with it", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms({ storage });
  const ada = person(service, "ada");
  create(ada, "kept", "Ada", PERSISTENT);
  await settled(service);
  ada.inbox.takeAll();
  const room = liveRoomOf(service, "kept");
  const outcast = `<item affiliation="outcast" jid="mallory@users.example"/>`;
  const asAdmin = room.setAffiliation.bind(room, true, "ben@users.example", "admin");

  using held = disk.holdSyncedCommits();
  ada.send(administering("kept", outcast));
  await held.arrived();
  assert.deepEqual(asAdmin(), [true]);
  assert.equal(room.getAffiliation("ben@users.example"), "admin", "in memory at once");
  assert.deepEqual(briefly(ada), [], "but not told");
  held.release();
  await settled(service);
  assert.deepEqual(briefly(ada), ["message 301", "iq result", "message"]);

  disk.failSyncedCommits();
  ada.send(administering("kept", `<item affiliation="none" jid="mallory@users.example"/>`));
  room.setAffiliation(true, "ben@users.example", "none");
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq internal-server-error"]);
  assert.equal(room.getAffiliation("ben@users.example"), "admin");
  assert.equal(room.getAffiliation("mallory@users.example"), "outcast");
  disk.repair();
});

test("what was acknowledged survives a power cut", async () => {
  const disk = new FaultyDisk();
  const first = await startRooms({ storage: await disk.open() });
  const ada = person(first, "ada");
  create(ada, "kept", "Ada", { ...PERSISTENT, roomname: "Kept", publicroom: "1" });
  await settled(first);
  ada.send(administering("kept", `<item affiliation="member" jid="ben@users.example" nick="Ben"/>`));
  await settled(first);
  assert.deepEqual(briefly(ada).at(-1), "iq result");
  await disk.cutPower();
  await first.stop();

  await using service = await startRooms({ storage: await disk.open() });
  assert.deepEqual(await publicRoomsOf(service), [[`kept@${SERVICE}`, "Kept"]], "listed without being loaded");
  assert.deepEqual(mucOf(service).liveRooms(), []);
  const room = await mucOf(service).getRoomFromJid(`kept@${SERVICE}`);
  assert.equal(room?.getAffiliation("ben@users.example"), "member");
  assert.equal(room?.getRegisteredNick("ben@users.example"), "Ben");
  assert.equal(room?.getAffiliation("ada@users.example/x"), "owner");
});
