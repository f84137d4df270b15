import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import type { Muc } from "../../modules/mod_muc/index.js";
import type { TestService } from "../../core/testing/service.js";
import { administrate, createRoom, enter, errorOf, received, ROOM, startRooms } from "../support/rooms.js";
import { openStorage } from "../../core/storage/open.js";

const OPTIONS = 'modules_enabled = { "muc_auto_reserve_nicks" }';

async function nickOf(service: TestService, jid: string): Promise<string | undefined> {
  const room = await (service.service.modules.exportsOf("rooms.example", "muc") as Muc).getRoomFromJid(ROOM);
  return room?.getRegisteredNick(jid);
}

test("the first nick of who has an affiliation is theirs, and nobody else's", async () => {
  await using service = await startRooms(OPTIONS);
  const client = (name: string): FakeClient => service.client(`${name}@example/x`);
  const [ada, ben, cleo] = [client("ada"), client("ben"), client("cleo")];
  await createRoom(ada, "Ada");
  await administrate(ada, { jid: "ben@example", affiliation: "member" });
  await enter(ben, "Ben");
  ben.send(xml("presence", { to: `${ROOM}/Benjamin` }));
  await received(ben);
  assert.equal(await nickOf(service, "ben@example"), "Ben", "a change in the room does not move it");
  assert.equal(errorOf((await enter(cleo, "Ben")).at(-1)), "cancel/conflict");
  assert.equal(errorOf((await enter(cleo, "Cleo")).at(-1)), undefined);
  assert.equal(await nickOf(service, "cleo@example"), undefined, "no affiliation, no reservation");
});

test("other data of theirs does not keep them from it, and stays; what they registered stays", async () => {
  await using service = await startRooms(OPTIONS);
  const [ada, ben] = [service.client("ada@example/x"), service.client("ben@example/x")];
  await createRoom(ada, "Ada");
  const room = (service.service.modules.exportsOf("rooms.example", "muc") as Muc).getLiveRoomFromJid(ROOM);
  room?.setAffiliation(true, "ben@example", "member", undefined, { reason: "asked nicely" });
  room?.setAffiliation(true, "dora@example", "member", undefined, { reserved_nickname: "Dora" });
  await enter(ben, "Ben");
  assert.deepEqual(room?.getAffiliationData("ben@example"), { reason: "asked nicely", reserved_nickname: "Ben" });
  await enter(service.client("dora@example/x"), "Theodora");
  assert.equal(await nickOf(service, "dora@example"), "Dora");
});

test("it is kept over a restart", async () => {
  const storage = await openStorage({ driver: "memory" }, () => 0);
  {
    await using service = await startRooms(OPTIONS, { storage });
    await createRoom(service.client("ada@example/x"), "Ada", { "muc#roomconfig_persistentroom": "1" });
  }
  await using service = await startRooms(OPTIONS, { storage });
  assert.equal(await nickOf(service, "ada@example"), "Ada");
});

test("together with muc_auto_member: whoever comes first has the nick", async () => {
  await using service = await startRooms('modules_enabled = { "muc_auto_reserve_nicks", "muc_auto_member" }');
  await createRoom(service.client("ada@example/x"), "Ada");
  await enter(service.client("ben@example/x"), "Ben");
  assert.equal(await nickOf(service, "ben@example"), "Ben");
});
