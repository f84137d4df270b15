/** A step that is refused in the end has left no trace, and its sender hears of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../../core/index.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import {
  administering,
  briefly,
  configuring,
  create,
  hook,
  join,
  joining,
  liveRoomOf,
  person,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

test("a subject that cannot be stored is refused to the session that sent it", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const ada = person(service, "ada");
  create(ada, "r", "Ada", { persistentroom: "1" });
  await settled(service);
  ada.inbox.takeAll();
  disk.failSyncedCommits();
  ada.send(`<message type="groupchat" id="s" to="r@${SERVICE}"><subject>tea</subject></message>`);
  await settled(service);
  const [refusal, ...more] = ada.inbox.takeAll();
  assert.deepEqual(more, []);
  assert.deepEqual({ ...refusal?.attrs }, { type: "error", id: "s", from: `r@${SERVICE}`, to: ada.jid });
  assert.equal(liveRoomOf(service, "r").getSubject()[1], undefined);
});

test("whoever was to be removed by a form that is refused keeps the place in the order of entry", async () => {
  await using service = await startRooms({ options: 'modules_enabled = { "muc_max_occupants" }' });
  const [ada, ben, cy] = [person(service, "ada"), person(service, "ben"), person(service, "cy")];
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  join(cy, "r", "Cy");
  const nicks = (): string[] =>
    liveRoomOf(service, "r")
      .eachOccupant()
      .map(([nick]) => nick);
  const before = nicks();
  liveRoomOf(service, "r").setAffiliation(true, "cy@users.example", "member");
  ada.inbox.takeAll();
  // That the room is for members only is applied before the other field is refused.
  ada.send(configuring("r", { membersonly: "1", maxusers: "many" }));
  assert.deepEqual(briefly(ada), ["iq not-acceptable"]);
  assert.deepEqual(nicks(), before);
});

test("what a module calls of the room while a step is taken back lets nobody in before it is", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada", { persistentroom: "1" });
  await settled(service);
  const room = liveRoomOf(service, "r");
  hook(service, "muc-set-affiliation", () => {
    room.onRollback(() => {
      room.setHistory([{ stanza: xml("message", { from: room.jid }), timestamp: 0 }]);
    });
  });
  const commits = disk.holdSyncedCommits();
  ada.send(administering("r", '<item affiliation="outcast" jid="ben@users.example"/>'));
  await commits.arrived();
  ben.send(joining("r", "Ben"));
  disk.failSyncedCommits();
  commits.release();
  await settled(service);
  assert.equal(room.getAffiliation("ben@users.example"), "none");
  assert.equal(briefly(ben)[1], "presence Ben 110", "there has been no ban");
});
