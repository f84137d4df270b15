/** The list of public rooms, as clients are told it, over what happens to the rooms and to what is stored of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, Storage } from "../../../core/storage/store.js";
import { openStorage } from "../../../core/storage/open.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import { countCalls } from "../../support/count-calls.js";
import { create, mucOf, person, publicRoomsOf, SERVICE, settled, startRooms } from "../../support/room-engine.js";

const jidOf = (node: string): string => `${node}@${SERVICE}`;

/** A room as another server stores it, of which the list knows nothing, or what is said. */
async function store(storage: Storage, node: string, data: Record<string, Json>, listed?: Json): Promise<void> {
  const room = { _jid: jidOf(node), _data: { persistent: true, ...data }, _affiliations: {}, _affiliation_data: {} };
  await storage.openStore(SERVICE, "config").set(node, room);
  await storage.openStore<boolean, "map">(SERVICE, "persistent", "map").set(null, jidOf(node), true);
  await storage.openStore<Json, "map">(SERVICE, "public_rooms", "map").set(null, jidOf(node), listed);
}

test("rooms that another server has stored are listed, unless they are hidden; those it has removed are not", async () => {
  const storage = await openStorage({ driver: "memory" });
  await store(storage, "new", { name: "New" });
  await store(storage, "hidden", { name: "Hidden", hidden: true });
  await store(storage, "named", { name: "Named" }, "Named"); // as an earlier version listed it
  await storage.openStore<Json, "map">(SERVICE, "public_rooms", "map").set(null, jidOf("gone"), { name: "Gone" });
  for (let times = 0; times < 2; times++) {
    await using service = await startRooms({ storage });
    assert.deepEqual(await publicRoomsOf(service), [
      [jidOf("named"), "Named"],
      [jidOf("new"), "New"],
    ]);
    assert.deepEqual(mucOf(service).liveRooms(), []);
  }
});

test("nothing is read at the start but who is inside, and of a list that was read what was asked for", async () => {
  const storage = await openStorage({ driver: "memory" });
  for (const node of ["a", "b", "c", "d"]) await store(storage, node, {}, { name: node.toUpperCase() });
  const calls: string[] = [];
  await using service = await startRooms({ storage: countCalls(storage, calls) });
  assert.deepEqual(calls, ["occupants.users"]);
  assert.equal(await mucOf(service).countPublicRooms(), 4);
  calls.length = 0;
  const page = await publicRoomsOf(service, { after: jidOf("a"), limit: 2 });
  assert.deepEqual(page, [
    [jidOf("b"), "B"],
    [jidOf("c"), "C"],
  ]);
  assert.deepEqual(calls, ["public_rooms.get", "public_rooms.get"]);
});

test("the list keeps step with the rooms: created, renamed, hidden, ended, and not when that cannot be written", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const ada = person(service, "ada");
  assert.deepEqual(await publicRoomsOf(service), []);
  create(ada, "kept", "Ada", { persistentroom: "1", roomname: "Kept", publicroom: "1" });
  create(ada, "temporary", "Ada", { publicroom: "1" });
  await settled(service);
  assert.deepEqual(await publicRoomsOf(service), [
    [jidOf("kept"), "Kept"],
    [jidOf("temporary"), undefined],
  ]);
  const kept = mucOf(service).getLiveRoomFromJid(jidOf("kept"));
  disk.failSyncedCommits(undefined, 1);
  await assert.rejects(async () => kept?.run(() => kept.setHidden(true)));
  assert.equal(await mucOf(service).countPublicRooms(), 2);
  await kept?.run(() => kept.setHidden(true));
  ada.send(`<presence type="unavailable" to="${jidOf("temporary")}/Ada"/>`);
  await settled(service);
  assert.deepEqual(await publicRoomsOf(service), []);
});
